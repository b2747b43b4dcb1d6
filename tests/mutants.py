"""Mutants of the rule, each held against worked examples and answers of the oracle:
`python -m tests.mutants`.

One comparison, word or number of a function is changed at a time, in a process of its own. A mutant
that no example and no generated case notices survives and is printed with its line.
"""

import argparse
import ast
import copy
import importlib
import itertools
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.oracle_facts import cases_of, set_up

ROOT = Path(__file__).parent.parent
MODULES = [
    *sorted(
        f"commitments.rules.{path.stem}"
        for path in (ROOT / "commitments" / "rules").glob("*.py")
        # working days and EDTF have tables of their own in their tests
        if path.stem not in ("__init__", "working_days", "dates")
    ),
    "funding.rules",
]
# of processor time, after which a mutant is taken for one that never ends
SECONDS = 60
SWAPPED: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}
CHANGED = (
    ast.Compare,
    ast.BoolOp,
    ast.BinOp,
    ast.Name,
    ast.Constant,
    ast.If,
    ast.IfExp,
    ast.While,
)
SWAPPED_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    module: str
    line: int
    what: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.what}"

    @property
    def code(self) -> CodeType:
        return compile(self.tree, self.module, "exec")


def mutants_of(module: str) -> Iterator[Mutant]:
    source = Path(str(importlib.import_module(module).__file__)).read_text()
    for position, original in enumerate(ast.walk(ast.parse(source))):
        if not isinstance(original, CHANGED):
            continue
        for change in (swap, negate, drop_first, drop_last, add_one):
            # parsing takes long, and most changes fit few nodes
            if not change(copy.deepcopy(original)):
                continue
            tree = ast.parse(source)
            node = list(ast.walk(tree))[position]
            before = ast.unparse(node) if isinstance(node, ast.expr) else ""
            change(node)
            after = ast.unparse(node)
            yield Mutant(module, getattr(node, "lineno", 0), f"{before} → {after}", tree)


def swap(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        node.ops[0] = SWAPPED[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPPED:
        node.op = SWAPPED[type(node.op)]()
    elif isinstance(node, ast.Name) and node.id in SWAPPED_NAMES:
        node.id = SWAPPED_NAMES[node.id]
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        node.value = not node.value
    else:
        return False
    return True


def negate(node: ast.AST) -> bool:
    if isinstance(node, ast.If | ast.IfExp | ast.While) and not isinstance(node.test, ast.Compare):
        node.test = ast.fix_missing_locations(
            ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        )
        return True
    return False


def drop_first(node: ast.AST) -> bool:
    if isinstance(node, ast.BoolOp):
        del node.values[0]
        if len(node.values) == 1:
            node.values.append(copy.deepcopy(node.values[0]))
        return True
    return False


def drop_last(node: ast.AST) -> bool:
    if isinstance(node, ast.BoolOp):
        del node.values[-1]
        if len(node.values) == 1:
            node.values.append(copy.deepcopy(node.values[0]))
        return True
    return False


def add_one(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        node.value += 1
        return True
    return False


def functions_of(module: ModuleType) -> dict[str, FunctionType]:
    """Those of the module and of its classes, by qualified name."""
    functions = {}
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    for owner in [module, *classes]:
        for value in vars(owner).values():
            if isinstance(value, property):
                value = value.fget
            if isinstance(value, cached_property):
                value = value.func
            value = getattr(value, "__wrapped__", value)
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                functions[value.__qualname__] = value
    return functions


def codes_within(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from codes_within(constant)


def apply(mutant: Mutant) -> bool:
    """Whether it changes a function; what stands outside of them is no mutant."""
    functions = functions_of(importlib.import_module(mutant.module))
    is_changed = False
    for code in codes_within(mutant.code):
        function = functions.get(code.co_qualname)
        if function is not None and function.__code__.co_freevars == code.co_freevars:
            is_changed |= function.__code__ != code.replace(
                co_filename=function.__code__.co_filename
            )
            function.__code__ = code
    return is_changed


@dataclass
class Example:
    """A case with what the oracle says of some days."""

    tree: Any
    rows: list[dict[str, str]]
    answers: list[tuple[date, Any, Any]]

    def holds(self) -> bool:
        from tests.commitments.test_against_oracle import compare_with
        from tests.memory import Register

        register = Register(self.tree, self.rows)
        for on, perspective, expected in self.answers:
            compare_with(copy.deepcopy(expected), register, on, perspective)
        return True


def make_examples(count: int, seed: int) -> Iterator[Example]:
    """As many that are different and have entries."""
    from commitments.rules.events import Perspective
    from tests import oracle
    from tests.commitments.test_against_oracle import edges
    from tests.memory import Register

    seen: list[Any] = []
    for number in itertools.count(seed * 1000):
        for case, days in cases_of(number):
            tree, rows = case
            if not rows or case in seen:
                continue
            seen.append(case)
            changes = edges(Register(tree, rows))
            chosen = {*days[:2], *random.Random(number).sample(changes, min(len(changes), 12))}
            answers = []
            for on in chosen:
                for perspective in Perspective:
                    known = on if perspective is Perspective.AS_KNOWN_THEN else None
                    answers.append((on, perspective, oracle.status(tree, rows, on, known)))
            yield Example(tree, rows, answers)
            if len(seen) == count:
                return


def worked_examples() -> Iterator[Callable[[], object]]:
    """The tests of the rule clause by clause, each with each of its parameters."""
    from tests.commitments import test_rule

    for name, test in vars(test_rule).items():
        if name.startswith("test_"):
            for arguments in arguments_of(test):
                yield partial(test, **arguments)


def arguments_of(test: FunctionType) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = [{}]
    for mark in getattr(test, "pytestmark", []):
        names, rows = mark.args
        if isinstance(names, str):
            names, rows = [names], [[row] for row in rows]
        cases = [case | dict(zip(names, row, strict=True)) for case in cases for row in rows]
    return cases


def in_a_process(outcome: Callable[[], bool]) -> bool:
    """What it returns in a process of its own; false where that fails or takes too long."""
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
        survives = False
        try:
            survives = outcome()
        finally:
            os._exit(0 if survives else 1)
    return os.waitpid(child, 0)[1] == 0


def survives(mutant: Mutant, examples: list[Example]) -> bool:
    def outcome() -> bool:
        apply(mutant)
        has_survived = all(example.holds() for example in examples)
        for test in worked_examples():
            test()
        return has_survived

    return in_a_process(outcome)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", help="only mutants of these modules")
    options = parser.parse_args()
    set_up()
    examples = list(make_examples(options.cases, options.seed))
    count = survivors = 0
    for module in options.module or MODULES:
        for mutant in mutants_of(module):
            if not in_a_process(lambda mutant=mutant: apply(mutant)):  # type: ignore[misc]
                continue
            count += 1
            if survives(mutant, examples):
                survivors += 1
                print(mutant, flush=True)
    print(f"{count} mutants, {survivors} survive", flush=True)


if __name__ == "__main__":
    main()
