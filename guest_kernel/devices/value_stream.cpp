#include "devices/value_stream.h"

#include "kernel/text.h"

namespace devices {

namespace {

constexpr size_t tag_size = 1;
constexpr size_t length_size = 4;
constexpr size_t number_size = 8;

// Big-endian as the machine is, but at any address.
uint64_t load(const uint8_t* from, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i)
        value = value << 8 | from[i];
    return value;
}

}

bool ValueReader::next_is(abi::ValueTag tag) const
{
    return m_next != m_end && *m_next == static_cast<uint8_t>(tag);
}

Result<uint64_t> ValueReader::number()
{
    if (!next_is(abi::ValueTag::U64) || rest().size < tag_size + number_size)
        return Code::INVALID;
    const uint64_t value = load(m_next + tag_size, number_size);
    skip(tag_size + number_size);
    return value;
}

Status ValueReader::sized(abi::ValueTag tag, Bytes& result) const
{
    constexpr size_t header = tag_size + length_size;
    if (!next_is(tag) || rest().size < header)
        return Code::INVALID;
    const size_t size = load(m_next + tag_size, length_size);
    if (size > rest().size - header)
        return Code::INVALID;
    result = {m_next + header, size};
    return {};
}

Status ValueReader::bytes(Bytes& result)
{
    TRY(sized(abi::ValueTag::BYTES, result));
    m_next = result.data + result.size;
    return {};
}

Status ValueReader::text(char* to, size_t size)
{
    Bytes found;
    TRY(sized(abi::ValueTag::TEXT, found));
    if (found.size >= size)
        return Code::TOO_LARGE;
    for (size_t i = 0; i < found.size; ++i)
        to[i] = static_cast<char>(found.data[i]);
    to[found.size] = '\0';
    m_next = found.data + found.size;
    return {};
}

Status ValueReader::begin_list()
{
    if (!next_is(abi::ValueTag::LIST))
        return Code::INVALID;
    skip(tag_size);
    return {};
}

bool ValueReader::more_in_list() const { return !at_end() && !next_is(abi::ValueTag::END); }

Status ValueReader::end_list()
{
    if (!next_is(abi::ValueTag::END))
        return Code::INVALID;
    skip(tag_size);
    return {};
}

void ValueWriter::raw(const uint8_t* data, size_t size)
{
    for (size_t i = 0; i < size && !m_dropped; ++i) {
        if (m_used == m_size && !make_room()) {
            m_dropped = true;
            return;
        }
        m_buffer[m_used++] = data[i];
    }
}

void ValueWriter::tagged(abi::ValueTag tag, const void* data, size_t size)
{
    const auto byte = static_cast<uint8_t>(tag);
    raw(&byte, tag_size);
    raw(static_cast<const uint8_t*>(data), size);
}

void ValueWriter::number(uint64_t value) { tagged(abi::ValueTag::U64, &value, number_size); }

void ValueWriter::text(const char* value)
{
    const auto size = static_cast<uint32_t>(kernel::length(value));
    tagged(abi::ValueTag::TEXT, &size, length_size);
    raw(reinterpret_cast<const uint8_t*>(value), size);
}

void ValueWriter::bytes(const void* data, size_t size)
{
    const auto length = static_cast<uint32_t>(size);
    tagged(abi::ValueTag::BYTES, &length, length_size);
    raw(static_cast<const uint8_t*>(data), size);
}

void ValueWriter::begin_list() { tagged(abi::ValueTag::LIST, nullptr, 0); }

void ValueWriter::end_list() { tagged(abi::ValueTag::END, nullptr, 0); }

}
