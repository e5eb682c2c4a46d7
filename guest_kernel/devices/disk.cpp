#include "devices/disk.h"

#include "arch/ppc64/mmu.h"
#include "kernel/device_register.h"
#include "kernel/event.h"
#include "kernel/init.h"
#include "kernel/interrupt.h"
#include "kernel/trace.h"

namespace devices {

namespace {

constexpr abi::DevicePage page = abi::DevicePage::DISK;
constexpr uint32_t every_tag = ~uint32_t{0};
static_assert(abi::DISK_TAGS == 32, "one bit of a word for each tag");

constinit Disk the_disk;
// (first block, abi::DiskOperation), (first block, Code negated)
kernel::TracePoint issued_point{"disk.issued"};
kernel::TracePoint completed_point{"disk.completed"};

struct Waiter {
    kernel::Event done;
    kernel::Status status;
};

void wake_waiter(DiskRequest& request, kernel::Status status)
{
    Waiter& waiter = *reinterpret_cast<Waiter*>(request.context);
    waiter.status = status;
    waiter.done.signal();
}

}

Disk& disk() { return the_disk; }

kernel::Status Disk::start()
{
    m_blocks = kernel::read_register(page, abi::DiskRegister::CAPACITY);
    m_read_only = abi::has(kernel::read_register(page, abi::DiskRegister::FLAGS), abi::DiskFlag::READ_ONLY);
    TRY(kernel::attach_interrupt(abi::Line::DISK, on_interrupt, reinterpret_cast<uint64_t>(this)));
    kernel::write_register(page, abi::DiskRegister::CONTROL,
                           static_cast<uint64_t>(abi::DiskControl::COMPLETION_INTERRUPT));
    return {};
}

void Disk::submit(DiskRequest& request)
{
    kernel::SpinGuard guard(m_lock);
    m_waiting.append(request);
    issue_waiting();
}

void Disk::issue_waiting()
{
    while (m_tags_in_use != every_tag) {
        DiskRequest* const request = m_waiting.take_first();
        if (request == nullptr)
            return;
        issue(*request, static_cast<unsigned>(__builtin_ctz(~m_tags_in_use)));
    }
}

void Disk::issue(DiskRequest& request, unsigned tag)
{
    m_tags_in_use |= uint32_t{1} << tag;
    m_in_flight[tag] = &request;
    m_command = {
        .operation = static_cast<uint64_t>(request.operation),
        .tag = tag,
        .block = request.block,
        .count = request.count,
        .buffer = request.buffer == nullptr ? 0 : arch::physical(request.buffer),
    };
    issued_point.note(request.block, static_cast<uint64_t>(request.operation));
    kernel::write_register(page, abi::DiskRegister::SUBMIT, arch::physical(&m_command));
}

// Null when no completion waits.
DiskRequest* Disk::take_completed(kernel::Status& status)
{
    kernel::SpinGuard guard(m_lock);
    const uint64_t completion = kernel::read_register(page, abi::DiskRegister::COMPLETION);
    if ((completion & abi::DISK_COMPLETION_VALID) == 0)
        return nullptr;
    const auto tag = static_cast<unsigned>(completion & abi::DISK_TAG_MASK);
    status = kernel::Status::from_raw(-static_cast<int64_t>((completion >> abi::DISK_STATUS_SHIFT) & 0xFF));
    DiskRequest* const request = m_in_flight[tag];
    m_in_flight[tag] = nullptr;
    m_tags_in_use &= ~(uint32_t{1} << tag);
    issue_waiting();
    completed_point.note(request->block, static_cast<uint64_t>(-status.raw()));
    return request;
}

// The lock is let go for each `done`, which may submit the next request.
void Disk::on_interrupt(uint64_t self)
{
    Disk& disk = *reinterpret_cast<Disk*>(self);
    kernel::Status status;
    while (DiskRequest* const request = disk.take_completed(status))
        request->done(*request, status);
}

kernel::Status transfer_and_wait(abi::DiskOperation operation, uint64_t block, uint64_t count, void* buffer)
{
    Waiter waiter;
    DiskRequest request{operation, block, count, buffer, wake_waiter, reinterpret_cast<uint64_t>(&waiter), {}};
    the_disk.submit(request);
    waiter.done.wait();
    return waiter.status;
}

namespace {

kernel::Status start_disk() { return the_disk.start(); }

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Devices, "disk",
                                                                                  start_disk};

}

}
