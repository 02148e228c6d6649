// The comparison: std::unordered_set<std::string>, a name found by looking up each suffix of whole labels.
//
//     unordered-set LIST QUESTIONS...
//
// Prints what `ListCost set` prints.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace {

// Lets a part of a name be looked up without a copy of it.
struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
};

struct Names {
    std::unordered_set<std::string, Hash, std::equal_to<>> names;
    bool has_top_level_names = false;

    bool covers(std::string_view name) const {
        for (bool is_whole = true;; is_whole = false) {
            size_t dot = name.find('.');
            if (dot == name.npos && !is_whole && !has_top_level_names) return false;
            if (names.find(name) != names.end()) return true;
            if (dot == name.npos) return false;
            name.remove_prefix(dot + 1);
        }
    }
};

std::ifstream open(const char *path) {
    std::ifstream file(path);
    if (!file) {
        std::cerr << "unordered-set: " << path << ": cannot be read\n";
        std::exit(1);
    }
    return file;
}

long kibibytes(const char *path, const std::string &key) {
    auto file = open(path);
    for (std::string line; std::getline(file, line);)
        if (line.compare(0, key.size(), key) == 0) return std::atol(line.c_str() + key.size());
    return 0;
}

double nanoseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

void look(const Names &names, const std::string &path) {
    constexpr size_t batch_size = 64;
    std::vector<std::string> questions;
    auto file = open(path.c_str());
    for (std::string line; std::getline(file, line);) questions.push_back(line);
    std::vector<double> times;
    size_t found = 0;
    for (int round = 0; round < 5; round++) {
        found = 0;
        for (size_t first = 0; first < questions.size(); first += batch_size) {
            size_t end = std::min(first + batch_size, questions.size());
            // What a worker has before it when it looks up: the names of one batch, just read.
            std::vector<std::string> batch(questions.begin() + first, questions.begin() + end);
            auto start = std::chrono::steady_clock::now();
            for (const auto &name : batch) found += names.covers(name);
            times.push_back(nanoseconds_since(start) / batch.size());
        }
    }
    if (times.empty()) {
        std::cerr << "unordered-set: " << path << ": no names\n";
        std::exit(1);
    }
    std::sort(times.begin(), times.end());
    std::string name = path.substr(path.rfind('/') + 1);
    std::cout << name << "_nanoseconds " << times[times.size() / 2] << "\n" << name << "_found " << found << "\n";
}

}  // namespace

int main(int count, char **arguments) {
    if (count < 2) {
        std::cerr << "usage: unordered-set LIST QUESTIONS...\n";
        return 2;
    }
    auto start = std::chrono::steady_clock::now();
    Names names;
    {
        auto file = open(arguments[1]);
        for (std::string line; std::getline(file, line);) {
            if (line.find('.') == line.npos) names.has_top_level_names = true;
            names.names.insert(line);
        }
    }
    std::cout << "build_seconds " << nanoseconds_since(start) / 1e9 << "\n";
    std::cout << "peak_octets " << kibibytes("/proc/self/status", "VmHWM:") * 1024 << "\n";
    std::cout << "resident_octets " << kibibytes("/proc/self/smaps_rollup", "Anonymous:") * 1024 << "\n";
    std::cout << "entries " << names.names.size() << "\n";
    for (int index = 2; index < count; index++) look(names, arguments[index]);
    return 0;
}
