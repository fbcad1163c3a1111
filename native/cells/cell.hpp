// What a cell is to those who run it, and what its equations are given.
//
// A cell is a struct with INFO, `forward(at)` and `back(at, d)`, d being the gradient
// by h. `at` stands for some units of one sequence; each way to run cells has its own (`quick.hpp`).
//
// Forwards:
//   input(k)           what the input gives to gate k, with its bias
//   past(k)            what the recurrent weight gives to the k-th of the gates that it goes to
//   past_of_candidate  the same for a GRU's candidate, with the bias inside the reset
//   before, seen       the state before the step; what the recurrent weight sees of it
//   peephole(k), bound the peepholes; the largest |c|
//   keep(k, gate), keep_tanh, keep_inner    values that the way back asks for
//   remember(before, c), show(o, c), become(h)   the results
// Back:
//   gate(k), before, tanh_c, inner, peephole(k)  what was kept
//   with_shown(k, d)   the gradient by gate k, with what a caller who saw the gate gives
//   through_norm(d)    by c, from d by c as the tanh takes it: normalised or not
//   by_memory(d)       by c in all, from d by what this step makes of it
//   put(k, d), put_past(k, d)   by what went into gate k; by what the past gave to it
//   carry(d), carry_seen(d)     by the state before the step; by what the weight saw of it
//   add_to_peepholes   gradients by peepholes
#pragma once

#include "../kernels.hpp"
