"""Backpropagation through time by hand, in torch operations, for every cell.

It is faster than autograd over the equations, and equal to it, for these reasons:

- the inputs' products with `weight_ih` are one matrix product for all time steps;
- the forward loop saves only the gates;
- a cell's backward step is linear in the gradients dh and dc that come from later steps. Its
  coefficients depend only on the saved gates, so they are computed for all steps at once; the loop
  back through time (Werbos 1990) has only one matrix product and a few multiplications;
- each weight's gradient is one matrix product over all time steps, not a sum of one a step;
- products are computed by the library that is fastest (`products`).

Shapes: T steps, B sequences, I inputs, H units, P hidden units after a projection, n gates; `d_y`
    is the gradient of the loss with respect to y, and `a` the input of a gate's sigmoid or tanh.
"""

from foreword.kernels.portable.kernel import MODULES, refusal, run

__all__ = ["MODULES", "refusal", "run"]
