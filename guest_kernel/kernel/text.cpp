#include "kernel/text.h"

namespace kernel {

int compare(const char* left, const char* right)
{
    while (*left != '\0' && *left == *right) {
        ++left;
        ++right;
    }
    return static_cast<unsigned char>(*left) - static_cast<unsigned char>(*right);
}

bool equal(const char* left, const char* right)
{
    return compare(left, right) == 0;
}

size_t length(const char* text)
{
    size_t count = 0;
    while (text[count] != '\0')
        ++count;
    return count;
}

bool starts_with(const char* text, const char* prefix)
{
    for (; *prefix != '\0'; ++text, ++prefix) {
        if (*text != *prefix)
            return false;
    }
    return true;
}

void copy_text(char* to, size_t size, const char* from)
{
    size_t i = 0;
    for (; i + 1 < size && from[i] != '\0'; ++i)
        to[i] = from[i];
    to[i] = '\0';
}

}
