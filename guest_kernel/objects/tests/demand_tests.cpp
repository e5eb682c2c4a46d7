// Who asks for an interface that no class provides waits outside every object until an update brings it, or none will.

#include "kernel/test_thread.h"
#include "objects/demand.h"
#include "objects/tests/steps.h"

namespace objects::tests {

namespace {

constexpr const char* wanted_name = "test.Wanted";

// Stands for the host while a test runs.
class Host final : public DemandListener {
public:
    Host() { set_demand_listener(this); }
    ~Host() { set_demand_listener(nullptr); }

    Status wanted(const char* interface_name) override
    {
        requests += kernel::equal(interface_name, wanted_name);
        asked.signal();
        return answer;
    }
    void settled(const char*, Status) override { ++settlements; }

    unsigned requests = 0;
    unsigned settlements = 0;
    // Not success: nobody can be asked.
    Status answer;
    kernel::Event asked;
};

// A program with an outermost loop.
class Asker {
public:
    explicit Asker(const char* name = wanted_name) : m_name(name)
    {
        const kernel::ThreadOptions options{.name = "asker", .ended = &m_ended};
        EXPECT(kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(this)).ok());
    }
    Status outcome()
    {
        m_ended.wait();
        return m_status;
    }
    bool waits() const { return __atomic_load_n(&m_times_parked, __ATOMIC_ACQUIRE) > 0 && !m_ended.signalled(); }
    unsigned times_parked() const { return m_times_parked; }

private:
    static void entry(uint64_t argument)
    {
        kernel::OuterLoop loop;
        auto& self = *reinterpret_cast<Asker*>(argument);
        auto& ticket = kernel::current_thread()->ticket();
        self.m_status = want_interface(self.m_name, ticket);
        while (self.m_status.is_parked()) {
            __atomic_add_fetch(&self.m_times_parked, 1, __ATOMIC_RELEASE);
            loop.wait(ticket);
            self.m_status = want_interface(self.m_name, ticket);
        }
    }

    const char* m_name;
    Status m_status = Code::CANCELLED;
    unsigned m_times_parked = 0;
    kernel::Event m_ended;
};

// A class of the wanted interface, as a module brings it.
constinit ClassDescriptor provider{"test.WantedDefault", wanted_name, 1, 4, [] () -> Result<Root*> {
    return Code::UNSUPPORTED;
}};

void unregister_provider()
{
    const auto first = reinterpret_cast<uint64_t>(&provider);
    unregister_classes(first, first + sizeof provider);
}

kernel::Test comes{"demand.who_waits_goes_on_when_a_class_has_come", [] {
    const uint64_t bytes = kernel::usage(kernel::Tag::Object).bytes;
    Host host;
    Asker asker;
    host.asked.wait();
    kernel::wait_until([&asker] { return asker.waits(); });
    EXPECT(register_class(provider).ok());
    settle_provided_demands();
    EXPECT(asker.outcome().ok() && asker.times_parked() == 1);
    EXPECT(host.requests == 1 && host.settlements == 1);
    // It is there already.
    EXPECT(Asker().outcome().ok() && host.requests == 1);
    unregister_provider();
    EXPECT(settle_demand(wanted_name, {}).code() == Code::NOT_FOUND);
    EXPECT(kernel::usage(kernel::Tag::Object).bytes == bytes);
}};

kernel::Test shared{"demand.those_who_want_the_same_share_one_request", [] {
    Host host;
    Asker first;
    Asker second;
    Asker third;
    kernel::wait_until([&] { return first.waits() && second.waits() && third.waits(); });
    EXPECT(host.requests == 1);
    EXPECT(register_class(provider).ok());
    EXPECT(settle_demand(wanted_name, {}).ok());
    EXPECT(first.outcome().ok() && second.outcome().ok() && third.outcome().ok());
    unregister_provider();
}};

kernel::Test nobody{"demand.who_waits_is_told_that_no_update_will_come", [] {
    Host host;
    Asker asker;
    kernel::wait_until([&asker] { return asker.waits(); });
    EXPECT(settle_demand(wanted_name, Code::REFUSED).ok());
    EXPECT(asker.outcome().code() == Code::REFUSED);
    // Another one asks anew. An update that was applied and does not bring the interface is as good as none.
    Asker again;
    kernel::wait_until([&again] { return again.waits(); });
    EXPECT(host.requests == 2);
    EXPECT(settle_demand(wanted_name, {}).ok());
    EXPECT(again.outcome().code() == Code::NOT_FOUND);
}};

kernel::Test unrelated{"demand.a_class_of_another_interface_helps_nobody", [] {
    Host host;
    Asker asker("test.Other");
    kernel::wait_until([&asker] { return asker.waits(); });
    EXPECT(register_class(provider).ok());
    settle_provided_demands();
    EXPECT(asker.waits());
    unregister_provider();
    EXPECT(settle_demand("test.Other", Code::NOT_FOUND).ok());
    EXPECT(asker.outcome().code() == Code::NOT_FOUND);
}};

kernel::Test refused{"demand.that_cannot_be_passed_on_is_refused_at_once", [] {
    const uint64_t bytes = kernel::usage(kernel::Tag::Object).bytes;
    {
        Host host;
        host.answer = Code::IO_ERROR;
        EXPECT(Asker().outcome().code() == Code::IO_ERROR);
    }
    EXPECT(Asker().outcome().code() == Code::NOT_FOUND);
    EXPECT(Asker("an interface whose name is longer than any name of an interface may be").outcome().code()
        == Code::TOO_LARGE);
    EXPECT(kernel::usage(kernel::Tag::Object).bytes == bytes);
}};

kernel::Test memory{"demand.without_memory_is_refused", [] {
    Host host;
    struct Context {
        Status status;
    } context;
    Helper asker([](void* raw) {
        kernel::FailAllocation fail(1);
        static_cast<Context*>(raw)->status = want_interface(wanted_name, kernel::current_thread()->ticket());
    }, &context);
    asker.join();
    EXPECT(context.status.code() == Code::NO_MEMORY && host.requests == 0);
    EXPECT(settle_demand(wanted_name, {}).code() == Code::NOT_FOUND);
}};

}

}
