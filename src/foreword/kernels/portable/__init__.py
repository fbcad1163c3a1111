"""Backpropagation through time by hand, in torch operations, for every cell.

What makes it faster than autograd over the equations, and equal to it:

- the inputs' products with `weight_ih` are one matrix product for all time steps;
- the forward loop saves the gates and nothing else;
- a cell's backward step is linear in the gradients dh and dc that arrive from the future. Its
  coefficients depend on the saved gates alone, so they are computed for all steps at once; the
  loop back through time (Werbos 1990) is left with one matrix product and a few multiplications;
- each weight's gradient is one matrix product over all time steps, not a sum of one a step;
- products go to the library that is fastest at them (`products`).

Shapes: T steps, B sequences, I inputs, H units, P hidden units after a projection, n gates; `d_y`
is the loss's gradient by y, and `a` what goes into a gate's sigmoid or tanh.
"""

from foreword.kernels.portable.kernel import MODULES, refusal, run

__all__ = ["MODULES", "refusal", "run"]
