"""A few true sentences on subjects people like to try a chat with. Pure text."""

from __future__ import annotations

import random
import re

FACTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"\bmars\b",
        (
            "Mars is the fourth planet from the Sun and about half the diameter of Earth.",
            "A day on Mars lasts 24 hours and 37 minutes; a year takes 687 Earth days.",
            "Its red colour comes from iron oxide in the dust.",
            "Olympus Mons, about 22 km high, is the tallest volcano known in the solar system.",
            "The air is thin and mostly carbon dioxide, at less than 1% of the pressure on Earth.",
            "Two small moons, Phobos and Deimos, go round it.",
            "Valles Marineris is a canyon about 4000 km long.",
        ),
    ),
    (
        r"\bplanets?\b|\bsolar system\b",
        (
            "Eight planets go round the Sun: four small rocky ones and four giants.",
            "Jupiter alone has more than twice the mass of all the other planets together.",
            "Venus is the hottest, at about 460 °C, because of its thick carbon dioxide air.",
            "Saturn's rings are mostly water ice and surprisingly thin, often some ten metres.",
            "Neptune needs 165 years for one orbit.",
        ),
    ),
    (
        r"\bdark matter\b",
        (
            "Dark matter gives off no light; it shows itself only by its gravity.",
            "Stars in the outer parts of galaxies orbit faster than the visible mass allows.",
            "About 27% of the energy content of the universe is dark matter, against 5% of ordinary matter.",
            "Gravitational lensing of galaxy clusters maps where it sits.",
            "Candidates range from heavy particles (WIMPs) to very light ones such as axions; none is found yet.",
        ),
    ),
    (
        r"\bblack holes?\b",
        (
            "A black hole is a region from which not even light escapes.",
            "Its edge, the event horizon, grows in proportion to the mass: about 3 km for each solar mass.",
            "The one in the middle of the Milky Way has about four million solar masses.",
            "Merging black holes were first heard through gravitational waves in 2015.",
            "The first picture of one, in the galaxy M87, was published in 2019.",
        ),
    ),
    (
        r"\bmpi\b|message passing",
        (
            "MPI is a standard for programs whose processes do not share memory and send messages instead.",
            "Every process has a rank, and a communicator says which ranks belong together.",
            "Collectives such as `MPI_Allreduce` involve all ranks and usually beat hand-written loops of sends.",
            "Non-blocking calls (`MPI_Isend`, `MPI_Irecv`) let computation and communication overlap.",
            "One rank per GPU or per NUMA domain is a good first layout.",
        ),
    ),
    (
        r"\bsupercomput|\bhpc\b|\bclusters?\b|\bexascale\b|\baurora\b|\bpolaris\b",
        (
            "A supercomputer is many ordinary nodes joined by a very fast network.",
            "An exascale machine does at least 10^18 floating-point operations a second.",
            "Jobs wait in a queue until a scheduler such as PBS or Slurm finds nodes for them.",
            "Moving data often costs more time and energy than computing with it.",
            "Good scaling means that twice the nodes take close to half the time.",
        ),
    ),
    (
        r"\bgpus?\b|\baccelerators?\b|\brdus?\b|\bsambanova\b",
        (
            "A GPU runs thousands of threads at once and hides memory latency by switching between them.",
            "Most scientific kernels are limited by memory bandwidth, not by arithmetic.",
            "Neighbouring threads should read neighbouring addresses.",
            "Keep data on the device; the link to the host is slow by comparison.",
            "Dataflow accelerators map a whole graph of operations onto the chip and stream data through it.",
        ),
    ),
    (
        r"\btransformers?\b|\bllms?\b|\blanguage models?\b|\bneural\b|\bmachine learning\b|\battention\b",
        (
            "A language model predicts the next token from all tokens before it.",
            "Attention lets every position look at every other; its cost grows with the square of the length.",
            "Training sets the weights once; inference only reads them.",
            "Sampling with a higher temperature makes less likely tokens more frequent.",
            "Models can be wrong with great confidence, so check what matters.",
        ),
    ),
    (
        r"\bclimate\b|\bweather\b|\batmosphere\b|\bocean\b",
        (
            "Weather models solve the equations of fluid motion on a grid; climate models run them for decades.",
            "Clouds are smaller than most grid cells and must be approximated.",
            "Ensembles of runs with slightly different starts show how far a forecast can be trusted.",
            "Halving the grid spacing in all directions costs about sixteen times the work.",
            "The ocean stores most of the extra heat.",
        ),
    ),
    (
        r"\bfusion\b|\btokamak\b|\bplasma\b|\bnuclear\b|\breactors?\b",
        (
            "Fusion joins light nuclei; fission splits heavy ones.",
            "A tokamak holds a plasma of more than 100 million kelvin by magnetic fields.",
            "Deuterium and tritium react most easily and give a 14 MeV neutron.",
            "Turbulence carries heat out of the plasma and is hard to simulate.",
            "Walls must stand both heat and neutrons.",
        ),
    ),
    (
        r"\bpython\b",
        (
            "Python favours readable code and a large standard library.",
            "Loops over numbers are slow; NumPy moves them into compiled code.",
            "Virtual environments keep the packages of projects apart.",
            "Type hints are checked by tools such as mypy, not at run time.",
            "Generators produce values one at a time and save memory.",
        ),
    ),
    (
        r"\bquantum\b|\bqubits?\b",
        (
            "A qubit can be in a superposition of 0 and 1 until it is measured.",
            "Entangled qubits share a state that no description of the single ones gives.",
            "Noise is the main obstacle; error correction needs many physical qubits for one logical one.",
            "Shor's algorithm factors integers fast, in principle.",
            "Simulating molecules is among the most promising uses.",
        ),
    ),
    (
        r"\bproteins?\b|\bdna\b|\bgenes?\b|\bcells?\b|\bbiology\b",
        (
            "DNA stores the instructions, RNA carries them, proteins do most of the work.",
            "A protein's shape follows from its sequence of amino acids.",
            "Structure prediction by neural networks now covers nearly all known sequences.",
            "Molecular dynamics moves every atom in steps of about two femtoseconds.",
            "The human genome has about three billion base pairs.",
        ),
    ),
)

NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\bplanets?\b", ("Earth", "Mars", "Saturn", "Neptune", "Venus", "Jupiter", "Mercury", "Uranus")),
    (r"\blanguages?\b", ("Python", "Fortran", "Julia", "C++", "Rust", "Haskell")),
    (r"\belements?\b", ("hydrogen", "helium", "carbon", "oxygen", "iron", "uranium")),
    (r"\bcolou?rs?\b", ("blue", "green", "red", "amber", "violet", "white")),
    (r"\bcountr(?:y|ies)\b", ("Norway", "Kenya", "Japan", "Chile", "Portugal", "Canada")),
    (r"\bcit(?:y|ies)\b", ("Chicago", "Lisbon", "Nairobi", "Kyoto", "Oslo", "Lima")),
    (r"\banimals?\b", ("otter", "heron", "lynx", "octopus", "bee", "tortoise")),
)


def facts_on(text: str, rng: random.Random) -> list[str]:
    """True sentences on the first subject the text names, in an order of their own; none for unknown subjects."""
    for pattern, facts in FACTS:
        if re.search(pattern, text, re.I):
            return rng.sample(facts, len(facts))
    return []


def names_for(text: str, rng: random.Random) -> list[str]:
    """Examples of what the text asks to name; none when it is unknown."""
    for pattern, names in NAMES:
        if re.search(pattern, text, re.I):
            return rng.sample(names, len(names))
    return []
