"""How numbers, names, paths, options, citations and addresses are written: one expression for each kind of text.

Each takes time in proportion to a text whatever is in it: nothing is tried again from inside a word, and what may
repeat is bounded. The named groups tell `chat.facts` what was found.
"""

from __future__ import annotations

import re

INLINE = re.compile(r"(?<!`)(`+)(?!`)[^`\n]*?(?<!`)\1(?!`)")
SHELLS = frozenset({"", "sh", "bash", "zsh", "shell", "console", "csh", "text", "slurm", "pbs"})
_URL = r"(?P<url>https?://[^\s<>\"'`)\]}]+)"
_DOI = r"(?P<doi>(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s?)?\b10\.\d{4,9}/[^\s\"'<>`]+)"
_ARXIV = r"(?P<arxiv>(?:https?://arxiv\.org/(?:abs|pdf)/|\barXiv:\s?)(?P<arxiv_id>\d{4}\.\d{4,5})(?:v\d+)?)"
_SURNAME = r"[A-Z][\w’'-]{1,40}"
_AUTHOR = rf"{_SURNAME}(?:(?:\s(?:and|&)\s|,\s){_SURNAME}){{0,4}}(?:\set\sal\.?)?"
_AUTHOR_YEAR = (
    rf"(?<![\w’'-])(?P<author>(?P<author_name>{_AUTHOR}),?\s?\(?(?P<author_year>(?:18|19|20)\d\d)[a-z]?\))"
    rf"|(?<=[(;\s])(?P<author2>(?P<author2_name>{_SURNAME}(?:\set\sal\.?|\s(?:and|&)\s{_SURNAME})),?\s"
    r"(?P<author2_year>(?:18|19|20)\d\d)[a-z]?)"
)
_REFERENCE = r"(?<![\w\]])(?P<reference>\[\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\])(?![(:\w])"
_LONG_OPTION = r"(?<![\w-])(?P<option>--[A-Za-z][\w-]*)(?:=(?P<value>[\w./:,%+-]+)|[ \t](?P<spaced>\d[\w./:,%+-]*))?"
_LONG_OPTION_BARE = r"(?<![\w-])(?P<option>--[A-Za-z][\w-]*)(?:=(?P<value>[\w./:,%+-]+))?"
_SHORT_OPTION = r"(?<![\w-])(?P<short>-[A-Za-z])(?:[ =]?(?P<short_value>\d[\w.]*))?(?![\w-])"
_EXTENSION = (
    "py|c|h|cc|cpp|cxx|hpp|cu|f|f90|F90|f03|jl|rs|go|java|js|ts|sh|bash|toml|yaml|yml|json|jsonl|ini|cfg|conf|txt|md|"
    "rst|csv|tsv|h5|hdf5|nc|npy|npz|log|out|err|so|a|o|lua|cmake|mk|tex|bib|pdf|png|svg|in|sif|def|env|gz|zip|tar"
)
_PATH = (
    r"(?P<path>(?<![\w/.~:@+-])(?:~?/(?:[\w.@+{}$-]+/)*[\w.@+{}$-]*[\w}]|\.{1,2}/[\w.@+/-]*\w"
    rf"|(?:[\w.@+-]+/)+[\w@+-][\w.@+-]*\.(?:{_EXTENSION})\b|(?!\d)[\w-]+(?:\.[\w-]+)*\.(?:{_EXTENSION})\b(?![(\w.])))"
)
_CALL = r"(?P<call>(?<![\w.])[A-Za-z_][\w]*(?:(?:\.|::|->)[A-Za-z_]\w*)*)(?=\()"
_EMPTY_CALL = r"(?P<call>(?<![\w.])[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)*)\(\s*\)"
_DEFINED = (
    r"\b(?:def|class|fn|func|function|subroutine|struct|interface|SUBROUTINE|FUNCTION)\s+(?P<defined>[A-Za-z_]\w*)"
)
_IDENTIFIER = r"(?P<identifier>(?<![\w./-])(?:(?=\w+_)[A-Za-z]\w+|[A-Za-z_]\w*(?:::[A-Za-z_]\w*)+)(?!\w)(?![/-]))"
_ONLY_NAME = r"(?P<only>(?<=`)[A-Za-z_]\w+(?=`)|(?<![\w./-])(?:[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)(?![\w/-]))"
_DOTTED = r"(?P<dotted>(?<![\w./-])[A-Za-z_]\w+(?:\.[A-Za-z_]\w+)+(?![\w/-]))"
_DIGITS = r"\d{1,3}(?:[,\u202f\u2009]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_POWER = (
    r"(?:[eE][+-−]?\d+|\s?[×x·*]\s?10(?:\^\{?[-−+]?\d+\}?|\*\*[-+]?\d+|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)"
    r"|\s?\\times\s?10\^\{?[-+]?\d+\}?)"
)
_VERSION = r"(?<![\w.])(?P<version>v?\d+(?:\.\d+){2,5}(?!\w|\.\d))"
_NUMBER = (
    _VERSION + r"|(?P<number>(?<![\w.])10(?P<ten>\^\{?[-−+]?\d+\}?|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)"
    rf"|(?<![\w.,/#$^_-])(?P<sign>[-−+](?=\d))?(?P<digits>{_DIGITS})(?P<power>{_POWER})?)(?![\d_/])"
    r"(?P<unit>[\s\u00a0\u202f-]?(?:%|[A-Za-zµμΩ°][A-Za-zµμΩ°]*(?:/[A-Za-z]+)?))?"
)
_CODE_NUMBER = (
    r"(?P<number>(?<![\w.])(?P<sign>(?<=[=(,\s])[-+](?=\d))?(?P<digits>\d[\d_]*(?:\.\d+)?|\.\d+)"
    r"(?P<power>[eE][+-]?\d+)?)(?![\w.])"
)

NOTHING = re.compile("(?!)")
CODE = re.compile("|".join((_URL, _DOI, _PATH, _LONG_OPTION_BARE, _DEFINED, _CALL, _CODE_NUMBER)))
SHELL = re.compile("|".join((_URL, _DOI, _PATH, _LONG_OPTION, _SHORT_OPTION, _CODE_NUMBER)))
INLINE_CODE = re.compile(
    "|".join((_URL, _DOI, _PATH, _LONG_OPTION, _SHORT_OPTION, _ONLY_NAME, _CALL, _IDENTIFIER, _DOTTED, _NUMBER))
)
PROSE = re.compile(
    "|".join(
        (
            _ARXIV,
            _DOI,
            _URL,
            _PATH,
            _LONG_OPTION_BARE,
            _AUTHOR_YEAR,
            _REFERENCE,
            _EMPTY_CALL,
            _IDENTIFIER,
            _NUMBER,
        )
    )
)
