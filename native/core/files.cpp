#include "files.hpp"

#include "error.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include <sys/stat.h>
#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace foreword::core {

namespace {

// The folder of new files that count already and have yet to be moved; see
// `foreword.folder.adopting`.
constexpr const char* NEW = ".foreword-new";

#if defined(_WIN32)
using Status = struct _stat64;
int status_of(const std::string& path, Status& status) { return _stat64(path.c_str(), &status); }
bool is_folder(const Status& status) { return (status.st_mode & _S_IFMT) == _S_IFDIR; }
bool is_file(const Status& status) { return (status.st_mode & _S_IFMT) == _S_IFREG; }
#else
using Status = struct stat;
int status_of(const std::string& path, Status& status) { return stat(path.c_str(), &status); }
bool is_folder(const Status& status) { return S_ISDIR(status.st_mode); }
bool is_file(const Status& status) { return S_ISREG(status.st_mode); }
#endif

[[noreturn]] void cannot_read(const std::string& path) {
    throw Error(path + ": cannot be read: " + std::strerror(errno));
}

std::string current(const std::string& folder, const std::string& name) {
    const std::string newer = folder + "/" + NEW + "/" + name;
    Status status;
    return status_of(newer, status) == 0 ? newer : folder + "/" + name;
}

File read_whole(const std::string& name, const std::string& path, std::size_t size) {
    const std::shared_ptr<char[]> memory(new char[size]);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    if (!file || std::fread(memory.get(), 1, size, file.get()) != size) cannot_read(path);
    return {name, {memory.get(), size}, memory};
}

#if !defined(_WIN32)
File mapped(const std::string& name, const std::string& path) {
    const int handle = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (handle < 0) cannot_read(path);
    Status status;
    void* memory = MAP_FAILED;
    if (fstat(handle, &status) == 0 && status.st_size > 0) {
        memory = mmap(nullptr, (std::size_t)status.st_size, PROT_READ, MAP_PRIVATE, handle, 0);
    }
    close(handle);
    if (memory == MAP_FAILED) return {name, {}, nullptr};  // refused as cut short
    const std::size_t size = (std::size_t)status.st_size;
    const std::shared_ptr<const void> kept(memory, [size](const void* m) { munmap(const_cast<void*>(m), size); });
    return {name, {static_cast<const char*>(memory), size}, kept, true};
}
#endif

std::vector<File> files_in(const std::string& folder) {
    std::vector<File> files;
    for (const char* const name : FILES) {
        const std::string path = current(folder, name);
        Status status;
        if (status_of(path, status) != 0) {
            if (errno == ENOENT) continue;
            cannot_read(path);
        }
        if (!is_file(status)) throw Error(path + " is not a file");
        if ((std::uint64_t)status.st_size > largest_size(name)) throw Error(path + " is larger than any of its kind");
#if !defined(_WIN32)
        if (std::string(name) == WEIGHTS || std::string(name) == NGRAMS) {
            files.push_back(mapped(name, path));
            continue;
        }
#endif
        files.push_back(read_whole(name, path, (std::size_t)status.st_size));
    }
    return files;
}

// The properties of files that change when a model is replaced.
std::vector<std::uint64_t> seen(const std::string& folder) {
    std::vector<std::uint64_t> all;
    for (const char* const name : FILES) {
        Status status;
        if (status_of(current(folder, name), status) != 0) std::memset(&status, 0, sizeof status);
#if defined(__linux__)
        all.push_back((std::uint64_t)status.st_mtim.tv_nsec);
#endif
        all.push_back((std::uint64_t)status.st_ino);
        all.push_back((std::uint64_t)status.st_mtime);
        all.push_back((std::uint64_t)status.st_size);
    }
    return all;
}

}  // namespace

std::unique_ptr<Folder> read_folder(const std::string& path) {
    constexpr int ATTEMPTS = 5;
    Status status;
    if (status_of(path, status) != 0) {
        if (errno == ENOENT) throw Error(path + ": there is no such folder");
        cannot_read(path);
    }
    if (!is_folder(status)) throw Error(path + " is a file, not a model folder");
    if (status_of(current(path, CONFIG), status) != 0) {
        throw Error(path + " is not a model folder: it has no " + CONFIG);
    }
    for (int attempt = 1;; ++attempt) {
        const auto before = seen(path);
        try {
            return std::make_unique<Folder>(files_in(path), path);
        } catch (const Error&) {
            if (attempt == ATTEMPTS || seen(path) == before) throw;
        }
    }
}

void give_back_memory(const Folder& folder) {
#if defined(_WIN32)
    (void)folder;  // reads files whole
#else
    for (const File& file : folder.files()) {
        if (file.is_mapped) madvise(const_cast<char*>(file.content.data()), file.content.size(), MADV_DONTNEED);
    }
#endif
}

}  // namespace foreword::core
