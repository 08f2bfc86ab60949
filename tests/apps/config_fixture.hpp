/// What the configuration tests share: files of their own, and errors as the program prints them.
#pragma once

#include "apps/starlingd/config/config_load.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace starling::app::test {

using std::string;

/// A directory of its own for each test, removed at its end.
class scratch {
 public:
  scratch() {
    string name = (std::filesystem::temp_directory_path() / "starling-config-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~scratch() {
    std::error_code ignored;  // a directory left behind must not fail the test
    std::filesystem::remove_all(path_, ignored);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  string write(const string& text, const string& name = "node.toml") const {
    const auto path = path_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline load_result load_file(const string& text) {
  const scratch dir;
  return load({.file = dir.write(text)});
}

inline load_result load_sets(std::vector<string> sets) { return load({.sets = std::move(sets)}); }

inline load_result load_environment(const std::vector<string>& variables,
                                    std::vector<string> sets = {}) {
  std::vector<const char*> environ;
  for (const string& v : variables) environ.push_back(v.c_str());
  environ.push_back(nullptr);
  return load({.environ = environ.data(), .sets = std::move(sets)});
}

/// All errors as the program prints them, without the directory of the file.
inline string text(const load_result& r) {
  string out;
  for (const config_error& e : r.errors) {
    const string line = e.str();
    const auto name = line.find("node.toml");
    const bool in_file = line.starts_with('/') && name != string::npos;
    out += (in_file ? line.substr(name) : line) + "\n";
  }
  return out;
}

inline const string good =
    "[auth]\nhs256_secret = \"s3cret\"\n\n[sse]\nheartbeat = \"5s\"\n\n[sessions]\n"
    "max_per_user = 7\n";

inline string replaced(string in, const string& old, const string& with) {
  return in.replace(in.find(old), old.size(), with);
}

}  // namespace starling::app::test
