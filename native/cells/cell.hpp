// The interface between a cell's equations and the loops that run them.
//
// A cell is a struct with INFO, `forward(at)` and `back(at, d)`, where d is the gradient of the loss
// with respect to h. `at` stands for some units of one sequence; each kind of loop has its own type of
// it (`quick.hpp`, `staged_rows.hpp`, `units.hpp`).
//
// A forward pass calls:
//   input(k)           the product of the input weight for gate k, with its bias
//   past(k)            the product of the recurrent weight for the k-th gate that it has rows for
//   past_of_candidate  the same for a GRU's candidate, with the bias inside the reset gate
//   before, seen       the state before the step; the same as the recurrent weight sees it
//   peephole(k), bound the peephole weights; the largest allowed |c|
//   keep(k, gate), keep_tanh, keep_inner    saves values for the backward pass
//   remember(before, c), show(o, c), become(h)   stores the results
// A backward pass calls:
//   gate(k), before, tanh_c, inner, peephole(k)  the saved values
//   with_shown(k, d)   the gradient of gate k, plus that of a caller who received the gate
//   through_norm(d)    the gradient of c from that of the tanh's argument, which may be normalised
//   by_memory(d)       the total gradient of c, from the part that comes through this step
//   put(k, d), put_past(k, d)   stores the gradient of gate k's argument; of its recurrent part
//   carry(d), carry_seen(d)     adds to the gradient of the state before; of what the weight saw
//   add_to_peepholes   adds to the gradients of the peepholes
//
// A cell with WHOLE_ROWS divides its gates and its memory by their largest number in a row. It has
// `sums`, `forward` and `show`, then `back_show`, `back` and `back_sum`, with the divisions in between;
// see scale_invariant.hpp.
#pragma once

#include "../kernels.hpp"
