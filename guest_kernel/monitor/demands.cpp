// Interfaces that programs ask for: the host is asked for an update that provides them.

#include "devices/mailbox.h"
#include "devices/module_loader.h"
#include "kernel/command.h"
#include "kernel/event.h"
#include "kernel/init.h"
#include "kernel/print.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/demand.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;
using kernel::Code;
using kernel::Status;

class AskHost final : public objects::DemandListener {
public:
    Status wanted(const char* interface_name) override
    {
        devices::mailbox::EventWriter event(abi::EventKind::INTERFACE_WANTED);
        event.text(interface_name);
        return event.post();
    }
    void settled(const char* interface_name, Status outcome) override
    {
        devices::mailbox::EventWriter event(abi::EventKind::INTERFACE_SETTLED);
        event.text(interface_name);
        event.number(static_cast<uint64_t>(-outcome.raw()));
        kernel::check(event.post().ok(), "the host refused an event of a demand");
    }
};

class DemandsOfModules final : public devices::ModuleUser {
public:
    devices::Settlement applied(const devices::Module&, Status initialised) override
    {
        if (initialised.ok())
            objects::settle_provided_demands();
        return {initialised, false};
    }
    bool uses(const devices::Module&) override { return false; }
    void retract(const devices::Module&) override {}
};

constinit AskHost ask_host;
constinit DemandsOfModules demands_of_modules;

// (interface, Code negated)
Status settle(ValueReader& arguments, ValueWriter&)
{
    char name[objects::interface_name_size];
    TRY(arguments.text(name, sizeof name));
    const auto code = static_cast<int64_t>(TRY(arguments.number()));
    return objects::settle_demand(name, Status::from_raw(-code));
}

// A program that wants to use an interface, whoever provides it.
struct Program {
    const char* interface_name;
    Status status = Code::CANCELLED;
    kernel::Event ended;

    static void entry(uint64_t argument)
    {
        kernel::OuterLoop loop;
        auto& self = *reinterpret_cast<Program*>(argument);
        auto& ticket = kernel::current_thread()->ticket();
        self.status = objects::want_interface(self.interface_name, ticket);
        while (self.status.is_parked()) {
            loop.wait(ticket);
            self.status = objects::want_interface(self.interface_name, ticket);
        }
        if (self.status.ok())
            self.status = self.tell_class();
    }

    Status tell_class() const
    {
        const auto* descriptor = objects::find_class_of_kind(interface_name);
        if (descriptor == nullptr)
            return Code::GONE;
        kernel::print("%s: provided by %s, version %lu", interface_name, descriptor->name, descriptor->version);
        return {};
    }
};

const kernel::Command provide{
    "provide", "INTERFACE: says which class provides it, loading the update that does if need be", [](const char* words) {
        Program program{.interface_name = words, .ended = {}};
        const kernel::ThreadOptions options{.name = "provide", .ended = &program.ended};
        const auto thread
            = kernel::Thread::create(options, Program::entry, reinterpret_cast<uint64_t>(&program));
        if (!thread.ok())
            return thread.status();
        program.ended.wait();
        return program.status;
    }};

Status start()
{
    objects::set_demand_listener(&ask_host);
    devices::add_module_user(demands_of_modules);
    return devices::mailbox::register_handler(abi::Operation::SETTLE_DEMAND, settle);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.demands", start};

}

}
