// Messages arrive once and in order, and calls that wait are parked: a swap carries them over.

#include "kernel/test_thread.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"
#include "objects/lifetime.h"
#include "services/message/port.h"
#include "services/message/queued_port.h"

namespace services::tests {

namespace {

using kernel::Code;
using kernel::Status;
using objects::CountedScope;
using objects::Ref;

Ref<Port> new_port(uint64_t capacity)
{
    CountedScope scope;
    const auto port = objects::create_default<Port>({.capacity = capacity});
    EXPECT(port.ok());
    return port.value();
}

void destroy_port(Ref<Port> port)
{
    {
        CountedScope scope;
        EXPECT(objects::destroy(port.reference()).ok());
    }
    objects::drain_dead_objects();
}

Status swap(Ref<Port> port)
{
    kernel::Owned<objects::Root> root;
    {
        CountedScope scope;
        root = kernel::Owned<objects::Root>(kernel::make<QueuedPortRoot>(kernel::Tag::Object));
    }
    auto* swap = TRY(objects::HotSwap::start(port.reference(), static_cast<kernel::Owned<objects::Root>&&>(root)));
    const auto outcome = swap->wait();
    swap->release();
    return outcome;
}

// Inlined, so that the quiescent point lies in the frame that has the loop.
template <typename Call>
[[gnu::always_inline]] inline Status until_done(kernel::OuterLoop& loop, uint64_t& parked, Call call)
{
    auto& ticket = kernel::current_thread()->ticket();
    Status status = call(&ticket);
    while (status.is_parked()) {
        __atomic_fetch_add(&parked, 1, __ATOMIC_RELAXED);
        loop.wait(ticket);
        status = call(&ticket);
    }
    if (ticket.state() != kernel::TicketState::Idle)
        ticket.abandon();
    return status;
}

// Receives so many messages and adds up what they say.
struct Receiver {
    Ref<Port> port;
    uint64_t count = 1;
    uint64_t parked = 0;
    uint64_t sum = 0;
    bool in_order = true;
    Status status{};

    void operator()()
    {
        kernel::OuterLoop loop;
        uint64_t last = 0;
        for (uint64_t i = 0; i < count && status.ok(); ++i) {
            Message message;
            status = until_done(loop, parked, [&](auto* ticket) { return port->receive(&message, ticket); });
            sum += message.words[0];
            in_order &= message.words[0] > last;
            last = message.words[0];
        }
    }
};

// Sends `first`, `first` + 1 and so on.
struct Sender {
    Ref<Port> port;
    uint64_t first = 1;
    uint64_t count = 1;
    uint64_t parked = 0;
    Status status{};

    void operator()()
    {
        kernel::OuterLoop loop;
        for (uint64_t i = 0; i < count && status.ok(); ++i) {
            const Message message{first + i};
            status = until_done(loop, parked, [&](auto* ticket) { return port->send(&message, ticket); });
        }
    }
};

// What runs is the original, so that its figures can be looked at.
template <typename Body>
auto running(Body& body)
{
    return [&body] { body(); };
}

bool is_parked(const uint64_t& parked) { return __atomic_load_n(&parked, __ATOMIC_RELAXED) > 0; }

kernel::Test in_order{"port.messages_arrive_in_order", [] {
    const auto port = new_port(3);
    Receiver receiver{.port = port, .count = 20};
    Sender sender{.port = port, .count = 20};
    {
        kernel::TestThread sending({}, running(sender));
        kernel::TestThread receiving({}, running(receiver));
    }
    EXPECT(receiver.status.ok() && receiver.in_order && receiver.sum == 210);
    EXPECT(sender.status.ok());
    {
        CountedScope scope;
        EXPECT(port->sent().value() == 20 && port->received().value() == 20);
    }
    destroy_port(port);
}};

kernel::Test parked_receiver{"port.receive_swap_send", [] {
    const auto port = new_port(3);
    Receiver receiver{.port = port, .count = 2};
    {
        kernel::TestThread receiving({}, running(receiver));
        kernel::wait_until([&] { return is_parked(receiver.parked); });
        // It waits outside: the swap does not wait for it.
        EXPECT(swap(port).ok());
        EXPECT(swap(port).ok());
        Sender sender{.port = port, .first = 5, .count = 2};
        kernel::TestThread sending({}, running(sender));
    }
    EXPECT(receiver.status.ok() && receiver.sum == 11);
    destroy_port(port);
}};

kernel::Test parked_sender{"port.sender_waits_while_it_is_full_and_is_carried_over", [] {
    const auto port = new_port(2);
    Sender sender{.port = port, .count = 5};
    Receiver receiver{.port = port, .count = 5};
    {
        kernel::TestThread sending({}, running(sender));
        kernel::wait_until([&] { return is_parked(sender.parked); });
        {
            CountedScope scope;
            EXPECT(port->sent().value() == 2);
        }
        EXPECT(swap(port).ok());
        kernel::TestThread receiving({}, running(receiver));
    }
    EXPECT(receiver.in_order && receiver.sum == 15);
    destroy_port(port);
}};

kernel::Test destroyed{"port.destroyed_one_lets_its_waiters_go", [] {
    const auto port = new_port(2);
    Receiver receiver{.port = port};
    {
        kernel::TestThread receiving({}, running(receiver));
        kernel::wait_until([&] { return is_parked(receiver.parked); });
        destroy_port(port);
    }
    EXPECT(receiver.status == Code::GONE);
}};

kernel::Test swaps{"port.swaps_under_traffic_lose_nothing", [] {
    const auto port = new_port(2);
    constexpr uint64_t count = 300;
    Sender senders[] = {{.port = port, .count = count}, {.port = port, .first = 1000, .count = count}};
    Receiver receivers[] = {{.port = port, .count = count}, {.port = port, .count = count}};
    unsigned swapped = 0;
    {
        kernel::TestThread first_sender({.priority = 10}, running(senders[0]));
        kernel::TestThread second_sender({.priority = 10, .cpu = kernel::last_cpu()}, running(senders[1]));
        kernel::TestThread first_receiver({.priority = 10}, running(receivers[0]));
        kernel::TestThread second_receiver({.priority = 10, .cpu = kernel::last_cpu()}, running(receivers[1]));
        while (!first_receiver.ended() || !second_receiver.ended()) {
            EXPECT(swap(port).ok());
            ++swapped;
            kernel::sleep_until(kernel::now_ns() + 20 * kernel::microsecond);
        }
    }
    EXPECT(swapped > 2);
    EXPECT(receivers[0].sum + receivers[1].sum == count * (count + 1) / 2 + count * 1000 + count * (count - 1) / 2);
    destroy_port(port);
}};

kernel::Test memory{"port.leaves_no_memory_behind", [] {
    destroy_port(new_port(1));
    const auto before = kernel::usage(kernel::Tag::Object);
    for (unsigned i = 0; i < 8; ++i) {
        const auto port = new_port(1);
        EXPECT(swap(port).ok());
        destroy_port(port);
    }
    EXPECT(kernel::usage(kernel::Tag::Object).allocations == before.allocations);
}};

}

}
