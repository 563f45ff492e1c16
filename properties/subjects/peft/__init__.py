"""Judges PEFT: its low-rank adapters of a linear layer.

    scalings                              LoraLayer.scaling, plain and with use_rslora
    output                                forward of tuners.lora.Linear
    merging and unmerging                 merge and unmerge of the same layer
    several adapters as one               add_weighted_adapter with "cat"
    number of parameters                  get_nb_trainable_parameters of a model of one layer

A layer gets any scaling by set_scale on top of an alpha that is its rank, which makes 1. Scalings of several adapters
are the weights that they are added with.
"""

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import Linear

PACKAGES = ("peft", "transformers")

_NAME = "default"


def _layer(outputs, inputs, rank, alpha, **options):
    base = torch.nn.Linear(inputs, outputs, bias=False)
    return Linear(base, _NAME, LoraConfig(r=rank, lora_alpha=alpha, **options), r=rank, lora_alpha=alpha)


def _parts(weight, A, B):
    names = "base_layer.weight", f"lora_A.{_NAME}.weight", f"lora_B.{_NAME}.weight"
    return dict(zip(names, (weight, A, B), strict=True))


def _adapted(weight, A, B, scaling):
    layer = _layer(*weight.shape, len(A), len(A))
    layer.set_scale(_NAME, scaling)
    copies = {name: part.detach().clone() for name, part in _parts(weight, A, B).items()}
    layer.load_state_dict(copies, assign=True)
    return layer


def lora_scaling(alpha, rank):
    return _layer(1, 1, rank, alpha).scaling[_NAME]


def rank_stabilized_scaling(alpha, rank):
    return _layer(1, 1, rank, alpha, use_rslora=True).scaling[_NAME]


def lora_forward(x, weight, A, B, scaling):
    return torch.func.functional_call(_adapted(weight, A, B, scaling), _parts(weight, A, B), (x,))


def lora_merge(weight, A, B, scaling):
    layer = _adapted(weight, A, B, scaling)
    layer.merge()
    return layer.weight.detach()


def lora_unmerge(merged, A, B, scaling):
    layer = _adapted(merged, A, B, scaling)
    layer.merged_adapters.append(_NAME)
    layer.unmerge()
    return layer.weight.detach()


def concatenate_adapters(A, B, scalings):
    if not A or len(A) != len(B):
        raise NotImplementedError("PEFT has no model without an adapter, and no adapter without an A or a B")
    base = torch.nn.Sequential(torch.nn.Linear(A[0].shape[1], len(B[0]), bias=False, dtype=A[0].dtype))
    configs = {str(i): LoraConfig(r=len(a), lora_alpha=len(a), target_modules=["0"]) for i, a in enumerate(A)}
    model = get_peft_model(base, configs["0"], "0")
    for name, config in list(configs.items())[1:]:
        model.add_adapter(name, config)
    layer = model.base_model.model[0]
    for i, parts in enumerate(zip(A, B, strict=True)):
        layer.lora_A[str(i)].weight.data, layer.lora_B[str(i)].weight.data = parts
    model.base_model.add_weighted_adapter(list(configs), scalings, "whole", "cat")
    return layer.lora_A["whole"].weight.detach(), layer.lora_B["whole"].weight.detach()


def lora_parameter_count(outputs, inputs, rank):
    base = torch.nn.Sequential(torch.nn.Linear(inputs, outputs, bias=False))
    model = get_peft_model(base, LoraConfig(r=rank, target_modules=["0"]))
    return model.get_nb_trainable_parameters()[0]
