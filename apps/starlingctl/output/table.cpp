#include "apps/starlingctl/output/table.hpp"

#include <algorithm>

#include "apps/starlingctl/output/text.hpp"

namespace starling::ctl {
namespace {

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string blanks(std::size_t wanted, std::string_view text) {
  const std::size_t have = width(text);
  return std::string(wanted > have ? wanted - have : 0, ' ');
}

}  // namespace

table::table(std::vector<std::string> titles) {
  for (std::string& title : titles) {
    right_.push_back(title.starts_with('>'));
    if (right_.back()) title.erase(0, 1);
  }
  rows_.push_back(std::move(titles));
}

void table::add(std::vector<std::string> cells) {
  cells.resize(right_.size());
  for (std::string& cell : cells) cell = cell.empty() ? "-" : printable(cell);
  rows_.push_back(std::move(cells));
}

std::string table::str() const {
  std::vector<std::size_t> widths(right_.size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      const std::string pad = blanks(widths[i], row[i]);
      line += right_[i] ? pad + row[i] : row[i] + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string fields(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::size_t widest = 0;
  for (const auto& [name, value] : pairs) {
    if (!value.empty()) widest = std::max(widest, width(name));
  }
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    out += name + ":" + blanks(widest, name) + "  " + printable(value) + "\n";
  }
  return out;
}

}  // namespace starling::ctl
