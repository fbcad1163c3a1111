// All cells. A new one is a struct, and a line here.
#pragma once

#include "elman.hpp"
#include "gru.hpp"
#include "lstm.hpp"
#include "scale_invariant.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <class... Cells>
struct List {};

using AllCells = List<Lstm, PeepholeLstm, PeepholeOnlyLstm, CoupledLstm, Gru, GruResetBefore, Elman,
                      ReluElman, ScaleInvariantCoupledLstm>;

}  // namespace FOREWORD_ISA
}  // namespace foreword
