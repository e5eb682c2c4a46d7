// Requests of the host's monitor, and events to it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "devices/value_stream.h"

namespace devices::mailbox {

// Serves one request: reads its arguments, writes its results, returns the reply's code. Runs in a thread that is not
// counted in a generation and may block: a handler that calls through references does so in an objects::CountedScope.
// Each request is taken in order, but `servers` may be under way at once, so that a question is answered while another
// request waits for a generation.
using Handler = Status (*)(ValueReader& arguments, ValueWriter& result);

inline constexpr unsigned servers = 3;

// EXISTS when the operation has a handler. Requests without one are answered UNSUPPORTED.
Status register_handler(abi::Operation operation, Handler handler);

// One event: the constructor names it, values are written, post sends it. On the stack of a thread.
class EventWriter : public ValueWriter {
public:
    explicit EventWriter(abi::EventKind kind) : ValueWriter(m_storage, sizeof m_storage), m_kind(kind) {}
    ~EventWriter() = default;

    // TOO_LARGE when the values did not fit: nothing is sent.
    Status post();

private:
    static constexpr size_t capacity = 512;
    bool make_room() override { return false; }

    abi::EventKind m_kind;
    // Aligned to its size, so that it lies in one page and is contiguous for the host.
    alignas(capacity) uint8_t m_storage[capacity];
};

}
