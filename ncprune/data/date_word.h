#pragma once

#include <string_view>

namespace ncprune {

// Whether `word` is written like a date, a time or both: 2021-03-04, 4/3/21, 04.03.2021, 10:30,
// 2021-03-04T10:30:00Z, 4 Mar 2021. Ranges (20-30), versions (1.2.3) and months alone are not.
bool is_date_word(std::string_view word);

}  // namespace ncprune
