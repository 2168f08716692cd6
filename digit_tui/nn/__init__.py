"""The mathematics of the classifier, in NumPy alone. Knows nothing of runs or screens."""

from digit_tui.nn.augmentation import AUGMENTATIONS, Deformation, deform, draw_deformation
from digit_tui.nn.averaging import average_into
from digit_tui.nn.clipping import clip, clip_by_global_norm, clip_by_value, global_norm
from digit_tui.nn.distillation import SoftTargets, teacher_outputs
from digit_tui.nn.fine_tuning import Stopped, fine_tune
from digit_tui.nn.gradient_check import LayerCheck, check_gradient
from digit_tui.nn.history import Change, PredictionHistory
from digit_tui.nn.loss import Outcomes, cross_entropy
from digit_tui.nn.metrics import Evaluation, evaluate, outputs_in_chunks
from digit_tui.nn.network import Layer, Network, scale_pixels
from digit_tui.nn.optimizers import RULES, Hyperparameters, UpdateRule, cut, update
from digit_tui.nn.propagation import BatchResult, GradientPass, batch_gradient
from digit_tui.nn.removal import parameters_of_units, smallest_weights, weight_mask
from digit_tui.nn.schedules import SCHEDULES
from digit_tui.nn.sharding import split_range

__all__ = [
    "AUGMENTATIONS",
    "RULES",
    "SCHEDULES",
    "BatchResult",
    "Change",
    "Deformation",
    "Evaluation",
    "GradientPass",
    "Hyperparameters",
    "Layer",
    "LayerCheck",
    "Network",
    "Outcomes",
    "PredictionHistory",
    "SoftTargets",
    "Stopped",
    "UpdateRule",
    "average_into",
    "batch_gradient",
    "check_gradient",
    "clip",
    "clip_by_global_norm",
    "clip_by_value",
    "cross_entropy",
    "cut",
    "deform",
    "draw_deformation",
    "evaluate",
    "fine_tune",
    "global_norm",
    "outputs_in_chunks",
    "parameters_of_units",
    "scale_pixels",
    "smallest_weights",
    "split_range",
    "teacher_outputs",
    "update",
    "weight_mask",
]
