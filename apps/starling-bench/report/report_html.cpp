#include "apps/starling-bench/report/report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::bench {

namespace {

constexpr double plot_width = 640;
constexpr double plot_height = 180;
constexpr double left = 70;
constexpr double bottom = 26;
constexpr std::array<const char*, 3> colors{"#2a6fdb", "#d9622b", "#2b9a66"};

struct point {
  double x = 0;
  double y = 0;
};
struct series {
  std::string name;
  std::vector<point> points;
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

/// The next of 1, 2, 5 times a power of ten, so that the axis ends on a round number.
double round_up(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (value <= step * power) return step * power;
  }
  return 10 * power;
}

std::string label(double x, double y, std::string_view anchor, std::string_view text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" +
         std::string(anchor) + "\">" + escaped(text) + "</text>";
}

/// Lines over one horizontal axis.
std::string plot(const std::string& title, const std::vector<series>& lines,
                 const std::vector<std::pair<double, std::string>>& ticks) {
  double top = 0;
  double first = 0;
  double last = 0;
  bool any = false;
  for (const auto& line : lines) {
    for (const auto& p : line.points) {
      top = std::max(top, p.y);
      first = any ? std::min(first, p.x) : p.x;
      last = any ? std::max(last, p.x) : p.x;
      any = true;
    }
  }
  if (!any || last <= first) return {};
  top = round_up(top);
  const auto x_of = [&](double x) { return left + (x - first) / (last - first) * plot_width; };
  const auto y_of = [&](double y) { return 10 + (1 - y / top) * plot_height; };
  std::string out = "<figure><figcaption>" + escaped(title) + "</figcaption><svg viewBox=\"0 0 " +
                    number(left + plot_width + 20) + ' ' + number(plot_height + 10 + bottom) +
                    "\" role=\"img\">";
  for (const double part : {0.0, 0.5, 1.0}) {
    const auto y = y_of(part * top);
    out += "<line class=\"grid\" x1=\"" + number(left) + "\" x2=\"" + number(left + plot_width) +
           "\" y1=\"" + number(y) + "\" y2=\"" + number(y) + "\"/>";
    out += label(left - 6, y + 4, "end", grouped(part * top, top < 10 ? 2 : 0));
  }
  for (const auto& [at, text] : ticks) {
    if (at >= first && at <= last) out += label(x_of(at), plot_height + 28, "middle", text);
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string color = colors[i % colors.size()];
    out += "<polyline fill=\"none\" stroke=\"" + color + "\" stroke-width=\"1.5\" points=\"";
    for (const auto& p : lines[i].points) out += number(x_of(p.x)) + ',' + number(y_of(p.y)) + ' ';
    out += "\"/><text x=\"" + number(left + 10 + 150 * static_cast<double>(i)) +
           "\" y=\"22\" style=\"fill:" + color + "\">" + escaped(lines[i].name) + "</text>";
  }
  return out + "</svg></figure>";
}

std::string over_time(const report& result, const std::string& title,
                      const std::vector<std::pair<std::string, double sample::*>>& curves) {
  std::vector<series> lines;
  bool nonzero = false;
  for (const auto& [name, member] : curves) {
    series line{name, {}};
    for (const auto& s : result.timeline) {
      line.points.push_back({s.seconds, s.*member});
      nonzero = nonzero || s.*member != 0;
    }
    lines.push_back(std::move(line));
  }
  if (!nonzero || result.timeline.empty()) return {};
  std::vector<std::pair<double, std::string>> ticks;
  const double step =
      round_up((result.timeline.back().seconds - result.timeline.front().seconds) / 8);
  for (double at = 0; at <= result.timeline.back().seconds; at += step) {
    ticks.emplace_back(at, grouped(at, step < 1 ? 1 : 0) + " s");
  }
  return plot(title, lines, ticks);
}

/// Percentiles on an axis of nines, so that the tail has as much room as the body.
std::string latency_curve(const report& result) {
  std::vector<series> lines;
  for (const auto& each : result.latencies) {
    series line{each.label, {}};
    for (double nines = 0; nines <= 4; nines += 0.05) {
      const double percent = 100 * (1 - std::pow(10, -nines));
      const auto value = static_cast<double>(each.values.percentile(percent)) / 1e6;
      line.points.push_back({nines, value});
    }
    lines.push_back(std::move(line));
  }
  return plot("Latency by percentile, ms", lines,
              {{0.30103, "p50"}, {1, "p90"}, {2, "p99"}, {3, "p99.9"}, {4, "p99.99"}});
}

constexpr const char* style =
    "body{font:15px/1.45 system-ui,sans-serif;max-width:760px;margin:2rem auto;padding:0 1rem;"
    "background:#fff;color:#1c2430}table{border-collapse:collapse;width:100%}"
    "td{padding:.2rem .6rem;border-bottom:1px solid #8884}td.n{text-align:right;"
    "font-variant-numeric:tabular-nums}figure{margin:1.5rem 0}figcaption{font-weight:600}"
    "svg{width:100%}svg text{font:11px system-ui,sans-serif;fill:currentColor}"
    ".grid{stroke:#8886}.bad{color:#c0392b;font-weight:600}"
    "@media(prefers-color-scheme:dark){body{background:#14181f;color:#dfe5ee}}";

}  // namespace

std::string to_html(const options& asked, const report& result) {
  const std::string title = "starling-bench " + asked.mode_name;
  std::string page =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>" +
      title + "</title><style>" + style + "</style><h1>" + title + "</h1><p>" +
      (asked.websocket ? "WebSocket" : "SSE") + ", " + grouped(asked.sessions) + " sessions, " +
      grouped(asked.payload) + " byte payload, " +
      (asked.rate > 0 ? "open loop at " + grouped(asked.rate) + "/s" : "closed loop") + ".</p>";
  for (const auto& failure : result.failures) {
    page += "<p class=\"bad\">Failed: " + escaped(failure) + "</p>";
  }
  for (const auto& note : result.notes) page += "<p>Note: " + escaped(note) + "</p>";
  page += "<table>";
  for (const auto& each : result.metrics) {
    page += "<tr><td>" + escaped(each.label) + "<td class=\"n\">" +
            grouped(each.value, each.decimals) + "<td>" + escaped(each.unit);
  }
  page += "</table>";
  page += latency_curve(result);
  page += over_time(result, "Deliveries per second", {{"delivered", &sample::delivered}});
  page += over_time(result, "Events per second",
                    {{"sent", &sample::sent}, {"acknowledged", &sample::acked}});
  page += over_time(result, "Latency, ms", {{"p50", &sample::p50_ms}, {"p99", &sample::p99_ms}});
  page += over_time(result, "Connects per second", {{"connects", &sample::connects}});
  page += over_time(result, "CPU, cores",
                    {{"server", &sample::server_cores}, {"starling-bench", &sample::own_cores}});
  page += over_time(result, "Server memory, MiB", {{"RSS", &sample::server_rss_mib}});
  return page + "</html>\n";
}

}  // namespace starling::bench
