// A queue of messages between threads.
#pragma once

#include "kernel/park.h"
#include "objects/class_record.h"
#include "objects/root.h"
#include "services/message/message.h"

namespace services {

// Messages are received in the order in which they were sent, each by one receiver. Calls that must wait are parked:
// nobody waits inside the object, and who waits is part of the state that a swap hands over. When a port is destroyed
// its waiters find out: their next call returns GONE.
class Port : public objects::Object {
public:
    static constexpr uint64_t max_capacity = 16;
    struct Creation {
        // Messages that are kept for receivers: 1 to max_capacity.
        uint64_t capacity = max_capacity;
    };
    static objects::Kind kind;

    // Parks while the port is full. NO_MEMORY when more wait than it can note.
    virtual kernel::Status send(const Message* message, kernel::Ticket* ticket) = 0;
    // Parks while the port is empty. NO_MEMORY as above.
    virtual kernel::Status receive(Message* message, kernel::Ticket* ticket) = 0;
    // How many have ever been sent and received.
    virtual kernel::Result<uint64_t> sent() = 0;
    virtual kernel::Result<uint64_t> received() = 0;

    using Methods = objects::MethodList<&Port::send, &Port::receive, &Port::sent, &Port::received>;

protected:
    ~Port() = default;
};

}
