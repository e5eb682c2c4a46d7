#include "monitor/reference_text.h"

#include "kernel/format.h"
#include "kernel/text.h"

namespace monitor {

namespace {

// Decimal digits up to `end`, a character that follows them. INVALID without any, or when the number is too large.
Result<uint32_t> read_number(const char*& text, char end)
{
    uint64_t number = 0;
    const char* const first = text;
    for (; *text >= '0' && *text <= '9'; ++text) {
        number = number * 10 + static_cast<uint64_t>(*text - '0');
        if (number > UINT32_MAX)
            return Code::INVALID;
    }
    if (text == first || *text != end)
        return Code::INVALID;
    return static_cast<uint32_t>(number);
}

Result<objects::ReferenceName> parse_numbers(const char* text)
{
    const uint32_t index = TRY(read_number(text, '.'));
    ++text;
    const uint32_t sequence = TRY(read_number(text, '\0'));
    return objects::ReferenceName{index, sequence};
}

}

ReferenceText::ReferenceText(objects::Reference reference)
{
    objects::name_of(reference, m_text);
    if (m_text[0] == '\0')
        kernel::copy_text(m_text, sizeof m_text, NumberText(reference).text());
}

NumberText::NumberText(objects::Reference reference)
{
    const auto name = objects::table().name(reference);
    kernel::format(m_text, sizeof m_text, "@%u.%u", name.index, name.sequence);
}

Result<objects::ReferenceName> read_reference_name(devices::ValueReader& arguments)
{
    char text[objects::name_size];
    TRY(arguments.text(text, sizeof text));
    if (text[0] == '@')
        return parse_numbers(text + 1);
    const objects::Reference named = objects::find_name(text);
    if (named == nullptr)
        return Code::NOT_FOUND;
    return objects::table().name(named);
}

Result<objects::Reference> read_reference(devices::ValueReader& arguments)
{
    const objects::Reference found = objects::table().find(TRY(read_reference_name(arguments)));
    if (found == nullptr)
        return Code::NOT_FOUND;
    return found;
}

}
