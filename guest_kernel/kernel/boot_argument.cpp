#include "kernel/boot_argument.h"

#include "arch/ppc64/boot.h"
#include "kernel/text.h"

namespace kernel {

namespace {

bool ends_word(char character)
{
    return character == ' ' || character == '\0';
}

}

bool boot_argument(const char* name, char* value, size_t size)
{
    const size_t name_length = length(name);
    const char* word = arch::boot_info().arguments;
    value[0] = '\0';
    while (*word != '\0') {
        const char* end = word;
        while (!ends_word(*end))
            ++end;
        if (starts_with(word, name) && word[name_length] == '=') {
            const char* first = word + name_length + 1;
            const auto bytes = static_cast<size_t>(end - first) + 1;
            copy_text(value, bytes < size ? bytes : size, first);
            return true;
        }
        word = *end == '\0' ? end : end + 1;
    }
    return false;
}

}
