"""What a layer of torch's carries: after `convert` it works as before, or nothing was changed."""

import copy
import logging
import pickle
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune

import foreword.nn as ours
from foreword.errors import ConversionError

pytestmark = [
    # torch's own advice to leave the old weight_norm behind.
    pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated"),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN"),
]

KINDS = {
    "LSTM": lambda: nn.LSTM(3, 4, 2, batch_first=True),
    "GRU": lambda: nn.GRU(3, 4, bidirectional=True),
    "RNN": lambda: nn.RNN(3, 4, bias=True, nonlinearity="relu"),
    "LSTM with a projection": lambda: nn.LSTM(3, 4, proj_size=2, bidirectional=True),
}
SEEN: list[Any] = []
"""What hooks have seen."""


class Model(nn.Module):
    """A layer some way down, its outputs and last state."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.body = nn.ModuleDict({"rnn": layer})

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs, last = self.body["rnn"](x)
        return (outputs, *last) if isinstance(last, tuple) else (outputs, last)


def doubled(weight: nn.Module) -> nn.Module:
    class Doubled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * x

    return parametrize.register_parametrization(weight, "weight_ih_l0", Doubled())


def without_gradient(layer: nn.Module) -> None:
    layer.weight_hh_l0.requires_grad_(False)


def as_a_buffer(layer: nn.Module) -> None:
    weight = layer.weight_hh_l0.detach().clone()
    del layer.weight_hh_l0
    layer.register_buffer("weight_hh_l0", weight)


def as_an_attribute(layer: nn.Module) -> None:
    weight = layer.weight_hh_l0.detach().clone()
    del layer.weight_hh_l0
    layer.weight_hh_l0 = weight


def tied_inside(layer: nn.Module) -> None:
    layer.bias_hh_l0 = layer.bias_ih_l0


def not_contiguous(layer: nn.Module) -> None:
    weight = layer.weight_ih_l0
    weight.data = weight.data.t().contiguous().t()


def more(name: str, add: Callable[[nn.Module], Any]) -> Any:
    return pytest.param(add, id=name)


def see(*values: Any) -> None:
    SEEN.append([v.detach().clone() if isinstance(v, Tensor) else v for v in values])


def tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value.detach().clone()]
    if isinstance(value, dict):
        value = list(value.values())
    return (
        [t for part in value or () for t in tensors(part)]
        if isinstance(value, tuple | list)
        else []
    )


def full_hook(layer: nn.Module) -> None:
    layer.register_full_backward_hook(lambda m, gave, took: see("back", *tensors((gave, took))))


def full_pre_hook(layer: nn.Module) -> None:
    layer.register_full_backward_pre_hook(lambda m, took: see("before back", *tensors(took)))


def old_spectral_norm(layer: nn.Module) -> None:
    nn.utils.spectral_norm(layer, "weight_hh_l0", n_power_iterations=2)


CARRIED = [
    more("nothing", lambda _: None),
    more("weight_norm", lambda m: nn.utils.weight_norm(m, "weight_hh_l0")),
    more(
        "weight_norm twice",
        lambda m: nn.utils.weight_norm(nn.utils.weight_norm(m, "weight_hh_l0"), "weight_ih_l0"),
    ),
    more("weight_norm of a whole", lambda m: nn.utils.weight_norm(m, "weight_ih_l0", dim=None)),
    more("spectral_norm", old_spectral_norm),
    more("parametrised weight_norm", lambda m: parametrizations.weight_norm(m, "weight_hh_l0")),
    more("parametrised spectral_norm", lambda m: parametrizations.spectral_norm(m, "weight_hh_l0")),
    more(
        "parametrised spectral_norm of two",
        lambda m: parametrizations.spectral_norm(
            parametrizations.spectral_norm(m, "weight_ih_l0"), "weight_hh_l0"
        ),
    ),
    more("parametrised orthogonal", lambda m: parametrizations.orthogonal(m, "weight_hh_l0")),
    more("a parametrisation of one's own", doubled),
    more(
        "two parametrisations", lambda m: doubled(parametrizations.weight_norm(m, "weight_ih_l0"))
    ),
    more("parametrised biases", lambda m: parametrizations.weight_norm(m, "bias_ih_l0")),
    more("pruning", lambda m: prune.l1_unstructured(m, "weight_hh_l0", 0.5)),
    more(
        "pruning twice",
        lambda m: prune.random_structured(
            prune.l1_unstructured(m, "weight_ih_l0", 0.3), "weight_ih_l0", 0.5, dim=0
        ),
    ),
    more("a buffer", lambda m: m.register_buffer("seen", torch.ones(3))),
    more("a buffer not saved", lambda m: m.register_buffer("s", torch.ones(3), persistent=False)),
    more("an empty buffer", lambda m: m.register_buffer("seen", None)),
    more("a parameter", lambda m: m.register_parameter("scale", nn.Parameter(torch.ones(2)))),
    more("a submodule", lambda m: m.add_module("norm", nn.LayerNorm(4))),
    more("a layer inside", lambda m: m.add_module("inner", nn.GRU(2, 2))),
    more("an attribute", lambda m: setattr(m, "note", {"from": "a colleague"})),
    more("a frozen weight", without_gradient),
    more("all frozen", lambda m: m.requires_grad_(False)),
    more("a weight as a buffer", as_a_buffer),
    more("a weight as an attribute", as_an_attribute),
    more("tied weights", tied_inside),
    more("a weight laid out otherwise", not_contiguous),
    more("doubles", lambda m: m.double()),
    more("evaluation", lambda m: m.eval()),
    more("flatten_parameters silenced", lambda m: setattr(m, "flatten_parameters", lambda: None)),
    more("a forward pre-hook", lambda m: m.register_forward_pre_hook(lambda m, x: (2 * x[0],))),
    more(
        "a forward pre-hook with keywords",
        lambda m: m.register_forward_pre_hook(
            lambda m, x, more: ((2 * x[0],), more), with_kwargs=True
        ),
    ),
    more("a forward hook", lambda m: m.register_forward_hook(lambda m, x, y: (2 * y[0], y[1]))),
    more(
        "a forward hook with keywords",
        lambda m: m.register_forward_hook(
            lambda m, x, more, y: see(sorted(more), *tensors(y)), with_kwargs=True
        ),
    ),
    more(
        "a forward hook always called",
        lambda m: m.register_forward_hook(
            lambda m, x, y: see("always", *tensors(y)), always_call=True
        ),
    ),
    more("a full backward hook", full_hook),
    more("a full backward pre-hook", full_pre_hook),
    more(
        "a state_dict hook",
        lambda m: m._register_state_dict_hook(
            lambda m, d, prefix, _: d.__setitem__(prefix + "extra", torch.ones(1))
        ),
    ),
    more(
        "a state_dict post-hook",
        lambda m: m.register_state_dict_post_hook(lambda m, d, prefix, _: see(prefix, *d)),
    ),
    more(
        "a state_dict pre-hook",
        lambda m: m.register_state_dict_pre_hook(lambda m, prefix, keep: see(prefix, keep)),
    ),
    more(
        "a load_state_dict pre-hook",
        lambda m: m.register_load_state_dict_pre_hook(
            lambda m, d, prefix, *_: see(type(m).__name__, prefix, *d)
        ),
    ),
    more(
        "a load_state_dict post-hook",
        lambda m: m.register_load_state_dict_post_hook(
            lambda m, keys: see(type(m).__name__, *keys.missing_keys)
        ),
    ),
    more("a parameter's hook", lambda m: m.weight_ih_l0.register_hook(lambda g: 3 * g)),
    more(
        "a parameter's hook after accumulation",
        lambda m: m.weight_ih_l0.register_post_accumulate_grad_hook(lambda p: see(p.grad.mul_(5))),
    ),
    more("a gradient", lambda m: setattr(m.weight_ih_l0, "grad", torch.ones_like(m.weight_ih_l0))),
    more("its own compile()", lambda m: m.compile(backend="aot_eager")),
]


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    SEEN.clear()
    yield
    torch.compiler.reset()


def model_with(kind: str, add: Callable[[nn.Module], Any]) -> Model:
    torch.manual_seed(1)
    layer = KINDS[kind]()
    add(layer)
    return Model(layer)


def behaviour(model: Model) -> dict[str, Any]:
    """All that can be seen of a model in two steps of training, evaluation and loading."""
    SEEN.clear()
    torch.manual_seed(2)
    dtype = next(model.parameters()).dtype
    batches = [torch.randn(2, 5, 3, dtype=dtype, requires_grad=True) for _ in range(2)]
    outputs, gradients = [], []
    for x in batches:
        actual = model(x)
        sum(part.square().sum() for part in actual).backward()
        outputs += [part.detach().clone() for part in actual]
        gradients.append(x.grad.clone())
        gradients += [p.grad.clone() if p.grad is not None else None for p in model.parameters()]
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.01)
    saved = {k: v.clone() for k, v in model.state_dict().items()}
    was_training = [m.training for m in model.modules()]
    seen = list(SEEN)
    model.eval()
    with torch.no_grad():
        outputs += model(batches[0].detach())
        model.load_state_dict({k: v * 0.5 for k, v in saved.items()}, strict=False)
        outputs += model(batches[0].detach())
        outputs += model(batches[0].detach()[:1, :1])
    return {
        "outputs": outputs,
        "gradients": gradients,
        "saved": saved,
        "order": list(saved),
        "buffers": {k: v.clone() for k, v in model.named_buffers()},
        "parameters": [(k, p.requires_grad, p.shape) for k, p in model.named_parameters()],
        "modules": [name for name, _ in model.named_modules()],
        "training": was_training,
        "seen": [*seen, *SEEN[len(seen) :]],
    }


def assert_alike(actual: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(actual) == list(expected)
        actual, expected = list(actual.values()), list(expected.values())
    if isinstance(expected, list):
        assert len(actual) == len(expected)
        for a, b in zip(actual, expected, strict=True):
            assert_alike(a, b)
    elif isinstance(expected, Tensor):
        torch.testing.assert_close(actual, expected)
    else:
        assert actual == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("add", CARRIED)
def test_whatever_a_layer_carries_works_as_before(add: Callable[..., Any], kind: str) -> None:
    expected = behaviour(model_with(kind, add))
    model = model_with(kind, add)
    parameters = [id(p) for p in model.parameters()]
    layer = model.body["rnn"]

    assert ours.convert(model) is model

    assert isinstance(layer, ours.Recurrent)
    assert model.body["rnn"] is layer
    assert [id(p) for p in model.parameters()] == parameters
    assert_alike(behaviour(model), expected)


class Tensorlike(Tensor):
    """A tensor of somebody's own kind."""


class Inherited(nn.LSTM):
    """What it changes is not known."""


def set_to(name: str, value: Any) -> Callable[[nn.Module], None]:
    return lambda m: setattr(m, name, value)


def with_own_forward(layer: nn.Module) -> None:
    before = layer.forward
    layer.forward = lambda x, hx=None: before(2 * x, hx)


def bound_forward(layer: nn.Module) -> None:
    layer.forward = types.MethodType(lambda self, x: (x, x), layer)


def without_weight(layer: nn.Module) -> None:
    """As AWD-LSTM's weight drop leaves a layer before its first call."""
    weight = layer._parameters.pop("weight_hh_l0")
    layer.register_parameter("weight_hh_l0_raw", nn.Parameter(weight.data))


def there_twice(layer: nn.Module) -> None:
    vars(layer)["weight_hh_l0"] = torch.zeros_like(layer.weight_hh_l0)


def of_another_kind(layer: nn.Module) -> None:
    weight = layer.weight_ih_l0.detach().as_subclass(Tensorlike)
    layer.weight_ih_l0 = nn.Parameter(weight)


def sparse(layer: nn.Module) -> None:
    layer.weight_ih_l0 = nn.Parameter(layer.weight_ih_l0.detach().to_sparse())


def smaller(layer: nn.Module) -> None:
    layer.weight_ih_l0 = nn.Parameter(torch.zeros(2, 2))


def unknown_yet(layer: nn.Module) -> None:
    layer.weight_ih_l0 = nn.UninitializedParameter()


REFUSED = [
    more("forward, a function", with_own_forward),
    more("forward, a method", bound_forward),
    more("a method that forward calls", set_to("check_forward_args", lambda *_: None)),
    more("reset_parameters", set_to("reset_parameters", lambda: None)),
    more("extra_repr", set_to("extra_repr", lambda: "mine")),
    more("an attribute named noise", set_to("noise", 0.1)),
    more("an attribute named cell", set_to("cell", "mine")),
    more("an attribute named start", set_to("start", 3)),
    more("a buffer named skip", lambda m: m.register_buffer("skip", torch.ones(1))),
    more("a submodule named generator", lambda m: m.add_module("generator", nn.Linear(2, 2))),
    more("a hook on the last operation", lambda m: m.register_backward_hook(lambda *_: None)),
    more("a weight that a wrapper sets", without_weight),
    more("a weight that is None", set_to("weight_hh_l0", None)),
    more("a weight that hides another", there_twice),
    more("a tensor of another kind", of_another_kind),
    more("a sparse weight", sparse),
    more("a weight of another shape", smaller),
    more("a weight without a shape", unknown_yet),
    more("no hidden size", lambda m: delattr(m, "hidden_size")),
]


def everything(model: nn.Module) -> list[Any]:
    """Of which class modules are, and all that they hold."""
    return [
        (name, type(module), {k: list(v) if isinstance(v, dict) else v for k, v in held.items()})
        for name, module in model.named_modules()
        if (held := {k: id(v) if not isinstance(v, dict) else v for k, v in vars(module).items()})
    ]


@pytest.mark.filterwarnings("ignore:Using a non-full backward hook")
@pytest.mark.parametrize("add", REFUSED)
def test_what_would_not_work_as_before_is_refused_and_nothing_is_changed(
    add: Callable[..., Any],
) -> None:
    refused = nn.LSTM(3, 4, 2)
    add(refused)
    model = nn.Sequential(nn.GRU(3, 3), Model(refused), nn.RNN(3, 3))
    before, parameters = everything(model), [id(p) for p in model.parameters()]

    with pytest.raises(ConversionError, match=r"^nothing was converted:\n- 1\.body\.rnn \(LSTM\) "):
        ours.convert(model)

    assert everything(model) == before
    assert [id(p) for p in model.parameters()] == parameters


def test_the_error_names_every_layer_and_all_that_it_carries() -> None:
    model = nn.Sequential(nn.LSTM(3, 4), nn.GRU(4, 4), nn.RNN(4, 4))
    with_own_forward(model[0])
    model[0].noise = 1
    smaller(model[2])
    with pytest.raises(ConversionError) as caught:
        ours.convert(model)
    lines = str(caught.value).splitlines()
    assert lines[0] == "nothing was converted:"
    assert [line.split(")")[0] for line in lines[1:]] == ["- 0 (LSTM", "- 0 (LSTM", "- 2 (RNN"]
    assert "its own forward" in lines[1]
    assert "named noise" in lines[2]
    assert "(2, 2), where the layer's sizes ask for (4, 4)" in lines[3]


def test_a_layer_by_itself_stays_the_same_object() -> None:
    layer = nn.GRU(3, 4)
    assert ours.convert(layer) is layer
    assert type(layer) is ours.GRU
    assert ours.convert(layer) is layer


@pytest.mark.parametrize("kind", KINDS)
def test_a_converted_layer_is_what_a_new_one_is(kind: str) -> None:
    layer = ours.convert(KINDS[kind]())
    new = type(layer)(
        *(3, 4, layer.num_layers),
        batch_first=layer.batch_first,
        bidirectional=layer.bidirectional,
        **({"proj_size": layer.proj_size} if kind.startswith("LSTM") else {}),
        **({"nonlinearity": "relu"} if kind == "RNN" else {}),
    )
    new.load_state_dict(layer.state_dict())
    assert vars(layer).keys() == vars(new).keys()
    assert repr(layer) == repr(new)
    assert layer.mode == new.mode
    x = torch.randn(2, 5, 3)
    assert_alike(layer(x)[0], new(x)[0])
    lengths = [3, 1] if layer.batch_first else [2, 1, 1, 2, 2]
    assert_alike(layer(x, lengths=lengths)[0], new(x, lengths=lengths)[0])


def test_a_layer_in_several_places_and_weights_in_several_layers_stay_shared() -> None:
    model = nn.Module()
    model.first = model.second = nn.LSTM(3, 3)
    model.stack = nn.ModuleList([model.first, nn.LSTM(3, 3)])
    model.stack[1].weight_hh_l0 = model.first.weight_hh_l0
    model.unregistered = [model.first]
    names = list(model.state_dict())

    ours.convert(model)

    assert type(model.first) is ours.LSTM
    assert model.first is model.second is model.stack[0] is model.unregistered[0]
    assert model.stack[1].weight_hh_l0 is model.first.weight_hh_l0
    assert list(model.state_dict()) == names


def test_an_optimiser_from_before_goes_on_as_if_nothing_had_been_converted() -> None:
    def trained(converted: bool) -> list[Tensor]:
        torch.manual_seed(3)
        model = Model(nn.LSTM(3, 4, dtype=torch.float64))
        optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
        x = torch.randn(6, 2, 3, dtype=torch.float64)
        for step in range(6):
            if converted and step == 3:
                ours.convert(model)
            optimiser.zero_grad()
            model(x)[0].square().sum().backward()
            optimiser.step()
        return list(model.state_dict().values())

    assert_alike(trained(True), trained(False))


def test_handles_from_before_still_remove_their_hooks() -> None:
    layer = nn.LSTM(3, 4)
    handles = [
        layer.register_forward_hook(lambda *_: see("forward")),
        layer.register_state_dict_post_hook(lambda *_: see("state_dict")),
        layer.weight_ih_l0.register_hook(lambda _: see("gradient")),
    ]
    ours.convert(layer)
    for handle in handles:
        handle.remove()
    layer(torch.zeros(2, 1, 3))[0].sum().backward()
    layer.state_dict()
    assert SEEN == []


def test_a_parametrisation_pruning_and_weight_norm_are_removed_as_torch_removes_them() -> None:
    layer = parametrizations.weight_norm(nn.GRU(3, 4), "weight_hh_l0")
    prune.l1_unstructured(layer, "weight_ih_l0", 0.5)
    nn.utils.weight_norm(layer, "bias_ih_l0")
    x = torch.randn(5, 2, 3)
    expected = layer(x)[0]
    ours.convert(layer)
    assert repr(layer).startswith("foreword.nn.ParametrizedGRU(")

    parametrize.remove_parametrizations(layer, "weight_hh_l0")
    prune.remove(layer, "weight_ih_l0")
    nn.utils.remove_weight_norm(layer, "bias_ih_l0")

    assert type(layer) is ours.GRU
    assert sorted(layer.state_dict()) == sorted(ours.GRU(3, 4).state_dict())
    torch.testing.assert_close(layer(x)[0], expected)


def test_converted_models_are_copied_and_saved() -> None:
    x = torch.randn(5, 2, 3)
    for layer in (
        nn.LSTM(3, 4),
        parametrizations.weight_norm(nn.LSTM(3, 4), "weight_hh_l0"),
        prune.l1_unstructured(nn.LSTM(3, 4), "weight_hh_l0", 0.5),
    ):
        model = ours.convert(Model(layer)).eval()
        with torch.no_grad():
            model(x)  # pruned weights of a call that keeps a graph cannot be copied, torch's either
            twin = copy.deepcopy(model)
            torch.testing.assert_close(twin(x), model(x))
        assert isinstance(twin.body["rnn"], ours.LSTM)
    plain = ours.convert(Model(nn.LSTM(3, 4)))
    torch.testing.assert_close(pickle.loads(pickle.dumps(plain))(x), plain(x))


def test_a_layer_that_was_saved_whole_is_converted_after_it_was_loaded() -> None:
    layer = pickle.loads(pickle.dumps(nn.LSTM(3, 4)))
    x = torch.randn(5, 2, 3)
    expected = layer(x)[0]
    torch.testing.assert_close(ours.convert(layer)(x)[0], expected)


def test_a_model_on_the_meta_device_gets_its_weights_later() -> None:
    source = nn.LSTM(3, 4, 2)
    with torch.device("meta"):
        model = nn.Sequential(nn.LSTM(3, 4, 2))
    ours.convert(model)
    assert all(p.is_meta for p in model.parameters())
    model.to_empty(device="cpu").load_state_dict(
        {f"0.{k}": v for k, v in source.state_dict().items()}
    )
    x = torch.randn(5, 2, 3)
    torch.testing.assert_close(model(x)[0], source(x)[0])


def test_packed_sequences_and_functional_calls_work_on_converted_layers() -> None:
    torch.manual_seed(4)
    model = Model(parametrizations.weight_norm(nn.GRU(3, 4), "weight_hh_l0"))
    packed = nn.utils.rnn.pack_sequence([torch.randn(n, 3) for n in (4, 2)])
    doubled = {k: 2 * v for k, v in model.state_dict().items()}

    def outputs() -> list[Tensor]:
        actual = torch.func.functional_call(model, doubled, (torch.ones(3, 2, 3),))
        return [model(packed)[0].data, *actual]

    expected = outputs()
    ours.convert(model)
    assert_alike(outputs(), expected)


def test_weights_that_a_wrapper_drops_at_each_call_are_those_that_are_used() -> None:
    class WeightDrop(nn.Module):
        """As AWD-LSTM's: the weight is computed from a raw one and set on the layer."""

        def __init__(self, layer: nn.Module) -> None:
            super().__init__()
            self.layer = layer
            without_weight(layer)

        def forward(self, x: Tensor) -> Any:
            raw = self.layer.weight_hh_l0_raw
            self.layer.weight_hh_l0 = nn.functional.dropout(raw, 0.5)
            return self.layer(x)

    model = WeightDrop(nn.LSTM(3, 4))
    x = torch.randn(5, 2, 3)

    def one_step() -> list[Tensor]:
        torch.manual_seed(5)
        model.zero_grad()
        outputs, _ = model(x)
        outputs.sum().backward()
        return [outputs.detach(), *[p.grad.clone() for p in model.parameters()]]

    with pytest.raises(ConversionError, match="call the model once"):
        ours.convert(model)
    expected = one_step()
    ours.convert(model)
    assert_alike(one_step(), expected)
    with torch.no_grad():
        torch.manual_seed(5)
        torch.testing.assert_close(model(x)[0], expected[0])


@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.fx.symbolic_trace])
def test_layers_inside_wrappers_are_converted(wrap: Callable[[nn.Module], nn.Module]) -> None:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.rnn(x)[0]

    model, x = wrap(Tagger()), torch.randn(5, 2, 3)
    expected = model(x)
    ours.convert(model)
    assert any(type(m) is ours.LSTM for m in model.modules())
    torch.testing.assert_close(model(x), expected)


def test_a_compiled_model_is_converted_after_its_first_call() -> None:
    model, x = Model(nn.LSTM(3, 4)), torch.randn(5, 2, 3)
    compiled = torch.compile(model, backend="aot_eager")
    expected = compiled(x)
    ours.convert(compiled)
    assert type(model.body["rnn"]) is ours.LSTM
    torch.testing.assert_close(compiled(x), expected)


def test_layers_of_distributed_models_are_converted_or_refused(tmp_path: Path) -> None:
    distributed = torch.distributed
    distributed.init_process_group("gloo", f"file://{tmp_path}/meeting", rank=0, world_size=1)
    try:
        x = torch.randn(5, 2, 3)
        plain = Model(nn.LSTM(3, 4))
        model = nn.parallel.DistributedDataParallel(plain)
        expected = model(x)
        ours.convert(model)
        torch.testing.assert_close(model(x), expected)
        sharded = Model(nn.LSTM(3, 4))
        distributed.fsdp.fully_shard(sharded)
        with pytest.raises(ConversionError, match="weight_hh_l0.*: a DTensor, .*Convert before"):
            ours.convert(sharded)
    finally:
        distributed.destroy_process_group()


def test_relatives_of_torchs_layers_are_left_as_they_are_and_named_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(nn.GRU(3, 3))
    inherited = Inherited(3, 3)
    normed = parametrizations.weight_norm(Inherited(3, 3), "weight_hh_l0")
    model = nn.Sequential(nn.LSTM(3, 3), inherited, scripted, normed)
    classes = [type(layer) for layer in model]

    with caplog.at_level(logging.WARNING, "foreword.nn"):
        ours.convert(model)

    assert [type(layer) for layer in model] == [ours.LSTM, *classes[1:]]
    (record,) = caplog.records
    assert record.getMessage().endswith(
        ": 1 (Inherited), 2 (RecursiveScriptModule), 3 (ParametrizedInherited)"
    )


def test_a_printed_model_shows_whose_its_layers_are() -> None:
    class Mine(ours.LSTM):
        pass

    model = nn.Sequential(nn.LSTM(3, 4, 2, batch_first=True), nn.Linear(4, 2))
    ours.convert(model)
    assert str(model) == (
        "Sequential(\n"
        "  (0): foreword.nn.LSTM(3, 4, num_layers=2, batch_first=True)\n"
        "  (1): Linear(in_features=4, out_features=2, bias=True)\n"
        ")"
    )
    assert str(ours.PeepholeLSTM(3, 4)) == "foreword.nn.PeepholeLSTM(3, 4)"
    assert str(ours.GRUCell(3, 4)) == "foreword.nn.GRUCell(3, 4)"
    assert str(Mine(3, 4)) == "Mine(3, 4)"


def test_code_that_initialises_torchs_layers_by_names_of_weights_does_so_here() -> None:
    theirs, mine = nn.LSTM(3, 4, 2, bidirectional=True), ours.LSTM(3, 4, 2, bidirectional=True)
    assert mine._all_weights == theirs._all_weights
    assert mine._flat_weights_names == theirs._flat_weights_names
    projected = {"proj_size": 2, "bias": False}
    assert ours.LSTM(3, 4, **projected)._all_weights == nn.LSTM(3, 4, **projected)._all_weights
