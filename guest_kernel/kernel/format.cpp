#include "kernel/format.h"

#include <stdint.h>

#include "kernel/text.h"

namespace kernel {

namespace {

class Output {
public:
    Output(char* to, size_t size) : m_to(to), m_size(size) {}

    void put(char character)
    {
        if (m_length + 1 < m_size)
            m_to[m_length++] = character;
    }
    size_t finish()
    {
        m_to[m_length] = '\0';
        return m_length;
    }

private:
    char* m_to;
    size_t m_size;
    size_t m_length = 0;
};

struct Conversion {
    char kind = '\0';
    bool is_long = false;
    bool left = false;
    char fill = ' ';
    unsigned width = 0;
};

// Reads what follows the % and returns where the format goes on.
const char* parse(const char* format, Conversion& conversion)
{
    for (; *format == '-' || *format == '0'; ++format) {
        if (*format == '-')
            conversion.left = true;
        else
            conversion.fill = '0';
    }
    for (; *format >= '0' && *format <= '9'; ++format)
        conversion.width = conversion.width * 10 + static_cast<unsigned>(*format - '0');
    for (; *format == 'l' || *format == 'z'; ++format)
        conversion.is_long = true;
    conversion.kind = *format;
    return *format == '\0' ? format : format + 1;
}

void put_padded(Output& output, const Conversion& conversion, const char* text, size_t size)
{
    const size_t padding = conversion.width > size ? conversion.width - size : 0;
    if (!conversion.left) {
        for (size_t i = 0; i < padding; ++i)
            output.put(conversion.fill);
    }
    for (size_t i = 0; i < size; ++i)
        output.put(text[i]);
    if (conversion.left) {
        for (size_t i = 0; i < padding; ++i)
            output.put(' ');
    }
}

void put_number(Output& output, const Conversion& conversion, uint64_t value, unsigned base, bool negative)
{
    char digits[24];
    size_t first = sizeof(digits);
    do {
        digits[--first] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative)
        digits[--first] = '-';
    put_padded(output, conversion, digits + first, sizeof(digits) - first);
}

void put_signed(Output& output, const Conversion& conversion, int64_t value)
{
    const uint64_t magnitude = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    put_number(output, conversion, magnitude, 10, value < 0);
}

void put_text(Output& output, Conversion conversion, const char* text)
{
    if (text == nullptr)
        text = "(null)";
    conversion.fill = ' ';
    put_padded(output, conversion, text, length(text));
}

}

size_t format_arguments(char* to, size_t size, const char* format, va_list arguments)
{
    Output output(to, size);
    while (*format != '\0') {
        if (*format != '%') {
            output.put(*format++);
            continue;
        }
        Conversion conversion;
        format = parse(format + 1, conversion);
        switch (conversion.kind) {
        case 'd':
        case 'i':
            put_signed(output, conversion, conversion.is_long ? va_arg(arguments, int64_t) : va_arg(arguments, int));
            break;
        case 'u':
        case 'x': {
            const uint64_t value = conversion.is_long ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
            put_number(output, conversion, value, conversion.kind == 'x' ? 16 : 10, false);
            break;
        }
        case 'p':
            output.put('0');
            output.put('x');
            put_number(output, conversion, reinterpret_cast<uint64_t>(va_arg(arguments, void*)), 16, false);
            break;
        case 's':
            put_text(output, conversion, va_arg(arguments, const char*));
            break;
        case 'c':
            output.put(static_cast<char>(va_arg(arguments, int)));
            break;
        default:
            output.put('%');
            if (conversion.kind != '%' && conversion.kind != '\0')
                output.put(conversion.kind);
        }
    }
    return output.finish();
}

size_t format(char* to, size_t size, const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t written = format_arguments(to, size, format, arguments);
    va_end(arguments);
    return written;
}

}
