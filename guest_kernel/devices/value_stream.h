// Small typed values as bytes: arguments and results of the monitor's requests. The encoding is abi::ValueTag's.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "kernel/status.h"

namespace devices {

using kernel::Code;
using kernel::Result;
using kernel::Status;

// Reads values one after the other. A value of another type than asked for, or none, is INVALID and is not taken.
class ValueReader {
public:
    ValueReader(const uint8_t* data, size_t size) : m_next(data), m_end(data + size) {}

    bool at_end() const { return m_next == m_end; }
    Result<uint64_t> number();
    // With a final zero; TOO_LARGE, not taken, when it does not fit.
    Status text(char* to, size_t size);
    struct Bytes {
        const uint8_t* data;
        size_t size;
    };
    // In place.
    Status bytes(Bytes& result);
    Status begin_list();
    // Whether the list that was begun has another value.
    bool more_in_list() const;
    Status end_list();
    // As they are encoded; reads nothing.
    Bytes rest() const { return {m_next, static_cast<size_t>(m_end - m_next)}; }

private:
    bool next_is(abi::ValueTag tag) const;
    Status sized(abi::ValueTag tag, Bytes& result) const;
    void skip(size_t size) { m_next += size; }

    const uint8_t* m_next;
    const uint8_t* m_end;
};

// Writes values into a buffer; where it is full, the derived class makes room.
class ValueWriter {
public:
    ValueWriter(const ValueWriter&) = delete;
    ValueWriter& operator=(const ValueWriter&) = delete;

    void number(uint64_t value);
    void text(const char* value);
    void bytes(const void* data, size_t size);
    void begin_list();
    void end_list();
    // Values that are encoded already.
    void raw(const uint8_t* data, size_t size);

protected:
    ValueWriter(uint8_t* buffer, size_t size) : m_buffer(buffer), m_size(size) {}
    ~ValueWriter() = default;

    // Sends what is in the buffer and empties it; false when that is not possible: the rest is dropped.
    virtual bool make_room() = 0;
    const uint8_t* data() const { return m_buffer; }
    size_t used() const { return m_used; }
    void empty() { m_used = 0; }
    bool dropped() const { return m_dropped; }

private:
    void tagged(abi::ValueTag tag, const void* data, size_t size);

    uint8_t* m_buffer;
    size_t m_size;
    size_t m_used = 0;
    bool m_dropped = false;
};

}
