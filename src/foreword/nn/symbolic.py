"""What `torch.fx.symbolic_trace` records of a layer: one module call, as for torch's own layers."""

from typing import Any

from torch import fx, nn

from foreword.nn import names


def proxy_among(*arguments: Any) -> fx.Proxy | None:
    """Return the first argument, or part of a pair, that stands for a value in a graph."""
    for argument in arguments:
        for part in argument if isinstance(argument, tuple | list) else (argument,):
            if isinstance(part, fx.Proxy):
                return part
    return None


def recorded(layer: nn.Module, proxy: fx.Proxy, inputs: tuple[Any, ...], **more: Any) -> fx.Proxy:
    """Return the call of a layer as a node of the graph that a proxy belongs to.

    torch's tracer makes such nodes of the modules of torch.nn, and traces into all others.

    Raises:
        RuntimeError: the layer itself is being traced, and not as a module within another.
    """
    tracer: Any = proxy.tracer
    try:
        path = tracer.path_of_module(layer)
    except NameError:
        path = ""
    if not path:
        raise RuntimeError(
            f"torch.fx.symbolic_trace cannot look into {names.shown(layer)}: it records a layer as "
            "one call. Trace a module that holds the layer"
        )
    given = {name: value for name, value in more.items() if value not in (None, False)}
    call: fx.Proxy = tracer.create_proxy("call_module", path, inputs, given)
    return call
