// The updated port, swapped for the shipped one and back with messages inside and callers waiting.

#include "timed_port/queued_port.h"

#include "kernel/test_thread.h"
#include "kernel/trace.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "services/memory/tests/replace.h"
#include "services/memory/tests/test_cache.h"

namespace services::tests {

namespace {

using objects::CountedScope;
using objects::Ref;

constexpr uint64_t capacity = 2;

class TestPort {
public:
    TestPort()
    {
        CountedScope scope;
        const auto port = objects::create<v1::QueuedPortRoot>(Port::Creation{.capacity = capacity});
        EXPECT(port.ok());
        m_port = Ref<Port>(port.value().reference());
    }
    ~TestPort()
    {
        {
            CountedScope scope;
            EXPECT(objects::destroy(m_port.reference()).ok());
        }
        objects::drain_dead_objects();
    }

    Ref<Port> operator->() const { return m_port; }
    void become_new() { replace<v2::QueuedPortRoot>(m_port.reference()); }
    void become_old() { replace<v1::QueuedPortRoot>(m_port.reference()); }

    void send(uint64_t number)
    {
        CountedScope scope;
        const Message message{number};
        EXPECT(m_port->send(&message, &kernel::current_thread()->ticket()).ok());
    }
    uint64_t receive()
    {
        CountedScope scope;
        Message message;
        EXPECT(m_port->receive(&message, &kernel::current_thread()->ticket()).ok());
        return message.words[0];
    }
    auto sender(uint64_t number)
    {
        return [port = m_port, number](kernel::Ticket* ticket) {
            const Message message{number};
            return port->send(&message, ticket);
        };
    }

private:
    Ref<Port> m_port;
};

// What a point has written, on whatever CPU: the last of it.
kernel::TraceRecord last_record(const kernel::TracePoint& point)
{
    kernel::TraceRecord last{};
    const unsigned cpus = static_cast<unsigned>(kernel::last_cpu()) + 1;
    for (unsigned cpu = 0; cpu < cpus; ++cpu) {
        kernel::TraceRecord record{};
        while (kernel::trace_log(cpu).take(&record, 1) == 1) {
            if (record.point == point.id())
                last = record;
        }
    }
    EXPECT(last.point == point.id());
    return last;
}

// How long the message lay in the port that is received next.
uint64_t lain_ns(TestPort& port)
{
    kernel::TracePoint* received = nullptr;
    kernel::trace_points().for_each([&](kernel::TracePoint& point) {
        if (kernel::equal(point.name(), "port.received"))
            received = &point;
    });
    EXPECT(received != nullptr);
    if (received == nullptr)
        return 0;
    received->set_on(true);
    port.receive();
    received->set_on(false);
    return last_record(*received).first;
}

void pass(uint64_t ns) { kernel::sleep_until(kernel::now_ns() + ns); }

kernel::Test carried{"timed_port.messages_are_carried_over_and_back", [] {
    TestPort port;
    port.send(1);
    port.send(2);
    port.become_new();
    EXPECT(port.receive() == 1);
    port.become_new();
    port.send(3);
    port.become_old();
    EXPECT(port.receive() == 2 && port.receive() == 3);
    CountedScope scope;
    EXPECT(port->sent().value() == 3 && port->received().value() == 3);
}};

kernel::Test waiting{"timed_port.waiting_senders_are_carried_over_and_back", [] {
    TestPort port;
    port.send(1);
    port.send(2);
    Caller first(port.sender(3));
    kernel::wait_until([&] { return first.parked() == 1; });
    port.become_new();
    Caller second(port.sender(4));
    kernel::wait_until([&] { return second.parked() == 1; });
    EXPECT(port.receive() == 1);
    EXPECT(first.outcome().ok());
    port.become_old();
    EXPECT(port.receive() == 2);
    EXPECT(second.outcome().ok());
    EXPECT(port.receive() == 3 && port.receive() == 4);
}};

kernel::Test times{"timed_port.times_go_along_where_both_know_them", [] {
    TestPort port;
    port.become_new();
    port.send(1);
    pass(100 * kernel::microsecond);
    port.become_new();
    EXPECT(lain_ns(port) >= 100 * kernel::microsecond);
}};

kernel::Test unknown_times{"timed_port.unknown_times_begin_with_the_update", [] {
    TestPort port;
    port.send(1);
    pass(100 * kernel::microsecond);
    const uint64_t before = kernel::now_ns();
    port.become_new();
    EXPECT(lain_ns(port) <= kernel::now_ns() - before);
}};

}

}
