#include "kernel/park.h"

#include "kernel/test_thread.h"

namespace kernel {

namespace {

// What an object does that would wait long: it keeps the ticket's id and hands up a parked status; called again, it
// finds the result.
class SlowObject {
public:
    Result<uint64_t> read()
    {
        Ticket& ticket = current_thread()->ticket();
        if (ticket.state() == TicketState::Ready)
            return ticket.take();
        const uint64_t id = ticket.queue();
        __atomic_store_n(&m_waiter, id, __ATOMIC_RELEASE);
        return Status::parked(id);
    }
    uint64_t waiter() const { return __atomic_load_n(&m_waiter, __ATOMIC_ACQUIRE); }

private:
    uint64_t m_waiter = 0;
};

Test parked{"park.call_is_made_again", [] {
    SlowObject object;
    uint64_t result = 0;
    unsigned calls = 0;
    TestThread client({.name = "client"}, [&] {
        OuterLoop loop;
        for (;;) {
            ++calls;
            const auto answer = object.read();
            if (!answer.is_parked()) {
                EXPECT(answer.ok());
                result = answer.value();
                return;
            }
            EXPECT(answer.status().ticket() == current_thread()->ticket().id());
            loop.wait(current_thread()->ticket());
        }
    });
    wait_until([&] { return object.waiter() != 0; });
    wait_until([&] { return !client.thread()->counted(); });
    // Nobody waits for a parked thread.
    generations().wait_for_all_cpus();
    EXPECT(complete(object.waiter(), 42).ok());
    client.join();
    EXPECT(result == 42 && calls == 2);
}};

Test before_the_wait{"park.completed_before_the_wait", [] {
    TestThread client({.name = "client"}, [] {
        OuterLoop loop;
        Ticket& ticket = current_thread()->ticket();
        const uint64_t id = ticket.queue();
        EXPECT(complete(id, 7).ok());
        loop.wait(ticket);
        EXPECT(ticket.state() == TicketState::Ready && ticket.take() == 7);
        EXPECT(ticket.state() == TicketState::Idle && ticket.id() == 0);
    });
}};

Test late{"park.late_completion_finds_nothing", [] {
    Ticket& ticket = current_thread()->ticket();
    const uint64_t first = ticket.queue();
    ticket.abandon();
    EXPECT(complete(first, 1).code() == Code::NOT_FOUND);
    const uint64_t second = ticket.queue();
    EXPECT(second != first && static_cast<int64_t>(second) > 0);
    EXPECT(complete(first, 1).code() == Code::NOT_FOUND);
    EXPECT(ticket.state() == TicketState::Queued);
    EXPECT(complete(second, 2).ok());
    EXPECT(complete(second, 3).code() == Code::NOT_FOUND);
    EXPECT(ticket.take() == 2);
}};

Test gone{"park.thread_is_gone", [] {
    uint64_t id = 0;
    {
        TestThread client({.name = "client"}, [&] {
            id = current_thread()->ticket().queue();
            current_thread()->ticket().abandon();
        });
    }
    EXPECT(id != 0 && complete(id, 1).code() == Code::NOT_FOUND);
}};

}

}
