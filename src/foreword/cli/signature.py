"""Puts options that several verbs share into a verb's signature. Knows none of the options."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

Verb = Callable[..., None]


def with_options(
    parameter: str, options: dict[str, Any], gathered: Callable[[dict[str, Any]], Any] = dict
) -> Callable[[Verb], Verb]:
    """Replaces one of a verb's parameters by options.

    Args:
        parameter: the parameter, which receives the options that were typed, by name.
        options: annotations for Typer, by name.
        gathered: turns them into the parameter's value.
    """

    def decorated(verb: Verb) -> Verb:
        own = inspect.signature(verb, eval_str=True)
        added = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
            )
            for name, annotation in options.items()
        ]

        @wraps(verb)
        def called(**arguments: Any) -> None:
            typed = {name: arguments.pop(name) for name in options}
            typed = {name: value for name, value in typed.items() if value is not None}
            verb(**arguments, **{parameter: gathered(typed)})

        parameters = [
            p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for name, p in own.parameters.items()
            if name != parameter
        ]
        index = list(own.parameters).index(parameter)
        signature = own.replace(parameters=[*parameters[:index], *added, *parameters[index:]])
        called.__signature__ = signature  # type: ignore[attr-defined]
        called.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
        return called

    return decorated
