// All cells. A new one is a struct, and a line here.
#pragma once

#include "elman.hpp"
#include "gru.hpp"
#include "lstm.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <class... Cells>
struct List {};

using AllCells = List<Lstm, PeepholeLstm, PeepholeOnlyLstm, CoupledLstm, Gru, GruResetBefore, Elman,
                      ReluElman>;

}  // namespace FOREWORD_ISA
}  // namespace foreword
