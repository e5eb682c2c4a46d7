#include "devices/mailbox.h"

#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/mmu.h"
#include "kernel/device_register.h"
#include "kernel/event.h"
#include "kernel/init.h"
#include "kernel/interrupt.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"

namespace devices::mailbox {

namespace {

constexpr uint64_t operations = 64;
// Above what loads the system, so that it can be asked about under load.
constexpr unsigned server_priority = 22;

// Guards the table; entries are set once and stay.
constinit kernel::SpinLock handlers_lock;
constinit Handler handlers[operations];

// Requests wait, or may: for one server each time.
constinit kernel::Event work;

void set_interrupt(bool on)
{
    const auto bits = on ? static_cast<uint64_t>(abi::MailboxControl::REQUEST_INTERRUPT) : 0;
    kernel::write_register(abi::DevicePage::MAILBOX, abi::MailboxRegister::CONTROL, bits);
}

// The line is level-sensitive: it stays low until a server has taken the request and turns the interrupt on again.
void on_interrupt(uint64_t)
{
    set_interrupt(false);
    work.signal();
}

Handler find_handler(uint64_t operation)
{
    kernel::SpinGuard guard(handlers_lock);
    return operation < operations ? handlers[operation] : nullptr;
}

// The results of one request, sent in parts as the buffer fills.
class ReplyWriter : public ValueWriter {
public:
    ReplyWriter(uint64_t request, uint8_t* buffer)
        : ValueWriter(buffer + sizeof(abi::Reply), abi::REPLY_PART_SIZE - sizeof(abi::Reply)), m_request(request),
          m_reply(*reinterpret_cast<abi::Reply*>(buffer))
    {
    }
    ~ReplyWriter() = default;

    // The host ignores the values of a failure, and refuses values that are not well formed: a handler's mistake, which
    // must not leave the request without an answer.
    void finish(Status outcome)
    {
        if (!send(outcome, 0).ok())
            kernel::check(send(Code::INVALID, 0).ok(), "the mailbox refused a reply");
    }

private:
    bool make_room() override { return send({}, static_cast<uint64_t>(abi::ReplyFlag::MORE)).ok(); }

    Status send(Status outcome, uint64_t flags)
    {
        m_reply = {.code = outcome.raw(), .flags = flags};
        TRY(arch::mailbox_reply(m_request, arch::physical(&m_reply), sizeof m_reply + used()));
        empty();
        return {};
    }

    uint64_t m_request;
    // In front of the values.
    abi::Reply& m_reply;
};

// Its buffers lie in the kernel image, where they are contiguous for the host.
class Server {
public:
    static void entry(uint64_t self) { reinterpret_cast<Server*>(self)->run(); }

private:
    [[noreturn]] void run()
    {
        for (;;) {
            work.consume();
            const auto taken = arch::mailbox_get(arch::physical(m_request), sizeof m_request);
            // If more wait, the line goes up at once and another server gets to work.
            set_interrupt(true);
            kernel::check(taken.ok(), "the mailbox refused to give a request");
            if (taken.value() != 0)
                serve();
        }
    }

    void serve()
    {
        const auto& request = *reinterpret_cast<const abi::Request*>(m_request);
        ValueReader arguments(m_request + sizeof request, request.size);
        ReplyWriter result(request.id, m_reply);
        const Handler handler = find_handler(request.operation);
        const Status outcome = handler == nullptr ? Status(Code::UNSUPPORTED) : handler(arguments, result);
        result.finish(outcome);
    }

    alignas(8) uint8_t m_request[abi::REQUEST_SIZE_MAX]{};
    alignas(8) uint8_t m_reply[abi::REPLY_PART_SIZE]{};
};

constinit Server pool[servers];

Status ping(ValueReader& arguments, ValueWriter& result)
{
    const auto rest = arguments.rest();
    result.raw(rest.data, rest.size);
    return {};
}

Status start()
{
    TRY(register_handler(abi::Operation::PING, ping));
    for (Server& server : pool) {
        const kernel::ThreadOptions options{"mailbox", server_priority, kernel::any_cpu, false};
        TRY(kernel::Thread::create(options, Server::entry, reinterpret_cast<uint64_t>(&server)));
    }
    TRY(kernel::attach_interrupt(abi::Line::MAILBOX, on_interrupt, 0));
    set_interrupt(true);
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor, "mailbox",
                                                                                  start};

}

Status register_handler(abi::Operation operation, Handler handler)
{
    const auto index = static_cast<uint64_t>(operation);
    if (index >= operations)
        return Code::INVALID;
    kernel::SpinGuard guard(handlers_lock);
    if (handlers[index] != nullptr)
        return Code::EXISTS;
    handlers[index] = handler;
    return {};
}

Status EventWriter::post()
{
    if (dropped())
        return Code::TOO_LARGE;
    const auto physical = arch::translate(reinterpret_cast<uint64_t>(m_storage));
    return arch::event(static_cast<uint64_t>(m_kind), TRY(physical), used());
}

}
