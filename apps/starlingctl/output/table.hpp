/// Aligned columns of text. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::ctl {

/// Columns are as wide as their widest cell (in code points), two blanks apart; no line ends in
/// blanks. Control characters in cells are shown as \xNN.
class table {
 public:
  /// A title that begins with `>` makes the column right-aligned: ">SESSIONS".
  explicit table(std::vector<std::string> titles);

  /// An empty cell is shown as `-`. Missing cells at the end are empty.
  void add(std::vector<std::string> cells);
  bool empty() const noexcept { return rows_.size() == 1; }
  /// Title line and rows, each with a newline.
  std::string str() const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;  ///< titles first
};

/// "name:  value" lines with the values aligned; pairs with an empty value are left out.
std::string fields(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace starling::ctl
