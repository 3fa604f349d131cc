#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// A thing with parameters on the command line: NAME[:ARGUMENT][?KEY=VALUE[&KEY=VALUE...]], as in
// "mlp:1000,200?bias=false" or "csv:table.csv?label=class".
struct Spec {
  std::string text;  // as given, for messages
  std::string name;
  std::string argument;
  std::map<std::string, std::string> options;

  // The option's value, or `fallback` when it was not given. get_bool() and get_number() throw
  // InputError when the value does not parse.
  std::string get(const std::string& key, const std::string& fallback) const;
  bool get_bool(const std::string& key, bool fallback) const;
  double get_number(const std::string& key, double fallback) const;

  // Throws InputError when an option other than `known` was given.
  void require_known(const std::vector<std::string>& known) const;
};

// Throws InputError on an empty name or an option without '='.
Spec parse_spec(std::string_view text);

// "1000,200" -> {1000, 200}. Throws InputError naming `where` unless every item is a whole number
// in [low, high].
std::vector<int64_t> parse_integers(std::string_view text, std::string_view where, int64_t low,
                                    int64_t high);

// `text` as a number. Throws InputError naming `where` unless all of it is one number.
double parse_number(std::string_view text, std::string_view where);

std::vector<std::string> split(std::string_view text, char separator);

}  // namespace ncprune
