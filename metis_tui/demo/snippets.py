"""Code the demo models show, by language; NAME is a name made from the prompt, TOPIC its own words."""

from __future__ import annotations

import re

PYTHON_TASKS: tuple[tuple[str, str], ...] = (
    (
        r"fibonacci",
        '''from functools import cache


@cache
def fibonacci(n: int) -> int:
    """The n-th Fibonacci number, counting from 0."""
    if n < 0:
        raise ValueError("n must not be negative")
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


print([fibonacci(n) for n in range(12)])  # [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
''',
    ),
    (
        r"prime",
        '''def primes_below(limit: int) -> list[int]:
    """All primes below the limit, by the sieve of Eratosthenes."""
    is_prime = bytearray([1]) * max(limit, 2)
    is_prime[:2] = b"\\0\\0"
    for n in range(2, int(limit**0.5) + 1):
        if is_prime[n]:
            is_prime[n * n :: n] = bytes(len(range(n * n, limit, n)))
    return [n for n in range(limit) if is_prime[n]]


print(primes_below(50))
''',
    ),
    (
        r"sort",
        '''def merge_sort(values: list[float]) -> list[float]:
    """A sorted copy; stable, O(n log n)."""
    if len(values) < 2:
        return values[:]
    middle = len(values) // 2
    left, right = merge_sort(values[:middle]), merge_sort(values[middle:])
    merged: list[float] = []
    while left and right:
        merged.append(left.pop(0) if left[0] <= right[0] else right.pop(0))
    return merged + left + right
''',
    ),
    (
        r"csv|file|read|parse",
        '''import csv
from pathlib import Path


def read_rows(path: Path) -> list[dict[str, str]]:
    """Every row of a CSV file with a header line."""
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


rows = read_rows(Path("results.csv"))
print(f"{len(rows)} rows, columns: {', '.join(rows[0])}")
''',
    ),
)

SNIPPETS: dict[str, tuple[str, str]] = {
    "python": (
        "python",
        '''import numpy as np


def NAME(values: np.ndarray, window: int = 5) -> np.ndarray:
    """TOPIC."""
    if window < 1:
        raise ValueError("window must be at least 1")
    kernel = np.ones(window) / window
    return np.convolve(values, kernel, mode="valid")


if __name__ == "__main__":
    rng = np.random.default_rng(seed=7)
    print(NAME(rng.normal(size=20)).round(3))
''',
    ),
    "fortran": (
        "fortran",
        """program NAME
  ! TOPIC
  use, intrinsic :: iso_fortran_env, only: real64
  implicit none
  integer, parameter :: n = 256
  real(real64) :: u(n), next(n)
  integer :: i, step

  u = 0.0_real64
  u(n / 2) = 1.0_real64
  do step = 1, 1000
     do concurrent (i = 2:n - 1)
        next(i) = u(i) + 0.25_real64 * (u(i - 1) - 2.0_real64 * u(i) + u(i + 1))
     end do
     u(2:n - 1) = next(2:n - 1)
  end do
  print '(a, f10.6)', 'sum = ', sum(u)
end program NAME
""",
    ),
    "mpi": (
        "c",
        """#include <mpi.h>
#include <stdio.h>

/* TOPIC */
int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    double local = 0.0, total = 0.0;
    for (long i = rank; i < 10000000; i += size) {
        double x = (i + 0.5) / 10000000.0;
        local += 4.0 / (1.0 + x * x);
    }
    MPI_Reduce(&local, &total, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("pi is about %.12f on %d ranks\\n", total / 10000000.0, size);

    MPI_Finalize();
    return 0;
}
""",
    ),
    "c": (
        "c",
        """#include <stdio.h>
#include <stddef.h>

/* TOPIC */
double NAME(const double *values, size_t count) {
    double sum = 0.0;
    #pragma omp parallel for reduction(+ : sum)
    for (size_t i = 0; i < count; i++) sum += values[i];
    return count ? sum / (double)count : 0.0;
}

int main(void) {
    double values[] = {1.0, 2.5, 4.0};
    printf("%.3f\\n", NAME(values, 3));
    return 0;
}
""",
    ),
    "cpp": (
        "cpp",
        """#include <algorithm>
#include <iostream>
#include <numeric>
#include <vector>

// TOPIC
template <typename T>
T NAME(const std::vector<T>& values) {
    return std::accumulate(values.begin(), values.end(), T{}) / std::max<std::size_t>(values.size(), 1);
}

int main() {
    std::cout << NAME(std::vector<double>{1.0, 2.5, 4.0}) << '\\n';
}
""",
    ),
    "cuda": (
        "cuda",
        """#include <cstdio>

// TOPIC
__global__ void NAME(const float *x, float *y, float a, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = a * x[i] + y[i];
}

int main() {
    const int n = 1 << 20;
    float *x, *y;
    cudaMallocManaged(&x, n * sizeof(float));
    cudaMallocManaged(&y, n * sizeof(float));
    NAME<<<(n + 255) / 256, 256>>>(x, y, 2.0f, n);
    cudaDeviceSynchronize();
    cudaFree(x);
    cudaFree(y);
}
""",
    ),
    "bash": (
        "bash",
        """#!/bin/bash -l
#PBS -N NAME
#PBS -l select=2:system=polaris
#PBS -l walltime=00:30:00
#PBS -l filesystems=home:eagle
#PBS -q debug
# TOPIC
set -euo pipefail

cd "${PBS_O_WORKDIR}"
NODES=$(wc -l < "${PBS_NODEFILE}")
RANKS_PER_NODE=4
echo "running on ${NODES} nodes"
mpiexec -n $((NODES * RANKS_PER_NODE)) --ppn ${RANKS_PER_NODE} ./simulate --input case.toml
""",
    ),
    "julia": (
        "julia",
        '''using Statistics

"""
    NAME(values; window=5)

TOPIC.
"""
function NAME(values::AbstractVector{<:Real}; window::Int=5)
    window >= 1 || throw(ArgumentError("window must be at least 1"))
    [mean(@view values[i:i+window-1]) for i in 1:length(values)-window+1]
end

println(NAME(randn(20)))
''',
    ),
    "rust": (
        "rust",
        """/// TOPIC
fn NAME(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

fn main() {
    println!("{:?}", NAME(&[1.0, 2.5, 4.0]));
}
""",
    ),
    "javascript": (
        "javascript",
        """// TOPIC
export function NAME(values) {
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

console.log(NAME([1, 2.5, 4]));
""",
    ),
    "sql": (
        "sql",
        """-- TOPIC
SELECT cluster,
       model,
       COUNT(*)                    AS turns,
       ROUND(AVG(latency_ms), 1)   AS mean_latency_ms
FROM   turns
WHERE  started_at >= CURRENT_DATE - INTERVAL '7 days'
GROUP  BY cluster, model
ORDER  BY turns DESC
LIMIT  10;
""",
    ),
}


def snippet(language: str, topic: str) -> tuple[str, str]:
    """The fence's word and the code, with names made from the topic."""
    if language == "python":
        for pattern, code in PYTHON_TASKS:
            if re.search(pattern, topic, re.I):
                return "python", code
    word, code = SNIPPETS[language]
    return word, code.replace("NAME", name_from(topic)).replace("TOPIC", topic[:1].upper() + topic[1:])


def name_from(topic: str) -> str:
    """A short identifier out of the topic's words."""
    skipped = {
        "a",
        "an",
        "the",
        "for",
        "to",
        "in",
        "of",
        "that",
        "with",
        "and",
        "code",
        "function",
        "script",
        "program",
    }
    skipped |= {*SNIPPETS, "me", "write", "which"}
    words = [word for word in re.findall(r"[a-z][a-z0-9]*", topic.lower()) if word not in skipped]
    return "_".join(words[:3]) or "compute"
