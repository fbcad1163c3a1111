// Each cell's equations as functions, for one instruction set; chosen once, outside of all loops.
#pragma once

#include "kernels.hpp"

namespace foreword {
namespace FOREWORD_ISA {

struct Block;
struct ForwardStep;
struct BackStep;
struct StagedRow;
struct StatesBack;
struct Units;

struct Cell : CellInfo {
    // One for each part of a step.
    void (*forward[2])(const ForwardStep&, const Block&);
    void (*back[2])(const BackStep&, const Block&);
    void (*finish)(const BackStep&, const Block&);
    void (*step[2])(const Units&);
    // For only one part.
    void (*forward_row)(const StagedRow&);
    void (*back_row)(const StatesBack&, int t, int row, const float* d_u);
};

extern const CellInfo* find_cell(int code);

inline const Cell& functions_of(const CellInfo& info) { return static_cast<const Cell&>(info); }

}  // namespace FOREWORD_ISA
}  // namespace foreword
