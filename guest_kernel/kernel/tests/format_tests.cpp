#include "kernel/format.h"
#include "kernel/test.h"
#include "kernel/text.h"

namespace kernel {

namespace {

template <typename... Arguments>
bool formats(const char* expected, const char* pattern, Arguments... arguments)
{
    char text[64];
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"
    const size_t size = format(text, sizeof(text), pattern, arguments...);
#pragma clang diagnostic pop
    return equal(text, expected) && size == length(expected);
}

Test numbers{"format.numbers", [] {
    EXPECT(formats("-5 5 ff", "%d %u %x", -5, 5u, 255u));
    EXPECT(formats("-9223372036854775808", "%ld", INT64_MIN));
    EXPECT(formats("18446744073709551615", "%lu", UINT64_MAX));
    EXPECT(formats("0000beef|  7|7  |", "%08x|%3u|%-3u|", 0xbeefu, 7u, 7u));
    EXPECT(formats("0x1000", "%p", reinterpret_cast<void*>(0x1000)));
}};

Test texts{"format.texts", [] {
    EXPECT(formats("a b (null) %", "%c %s %s %%", 'a', "b", static_cast<const char*>(nullptr)));
    EXPECT(formats("  ab|ab  |", "%4s|%-4s|", "ab", "ab"));
    EXPECT(formats("", ""));
}};

Test cuts{"format.cuts_what_does_not_fit", [] {
    char text[4] = {'x', 'x', 'x', 'x'};
    EXPECT(format(text, sizeof(text), "%s", "abcdef") == 3);
    EXPECT(equal(text, "abc"));
    EXPECT(format(text, 1, "%s", "abc") == 0 && text[0] == '\0');
}};

}

}
