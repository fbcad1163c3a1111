// A model folder's files on the disk. Knows their names, not their content.
#pragma once

#include "folder.hpp"

#include <memory>
#include <string>

namespace foreword::core {

// Reads a model folder; the weights are the file itself, mapped into memory, which processes share. If
// another process replaces the model meanwhile, the folder is read again.
//
// Throws Error: as `Folder`; or there is no such folder, or a file that cannot be read.
std::unique_ptr<Folder> read_folder(const std::string& path);

// Gives the memory of mapped files back to the system, which maps a part of them again when it is read: of weights that
// the network has copied into another order, that is never.
void give_back_memory(const Folder& folder);

}  // namespace foreword::core
