// The disk's driver.
#pragma once

#include <stdint.h>

#include "abi.h"
#include "kernel/list.h"
#include "kernel/spinlock.h"
#include "kernel/status.h"

namespace devices {

// One transfer, from submit to its completion in the hands of the driver. The buffer lies in the kernel image or the
// linear map, so that it is contiguous for the device too.
struct DiskRequest {
    abi::DiskOperation operation = abi::DiskOperation::READ;
    // First block and their number; both 0 for FLUSH.
    uint64_t block = 0;
    uint64_t count = 0;
    void* buffer = nullptr;
    // Called once, at exception level: posts to a thread (Event, kernel::complete) and returns. IO_ERROR, INVALID and
    // REFUSED (read-only) are the device's answers. The request is the caller's again, and may be gone when it returns.
    void (*done)(DiskRequest& request, kernel::Status status) = nullptr;
    // For whoever submits it.
    uint64_t context = 0;

    kernel::ListLink<DiskRequest> link;
};

// Requests of all CPUs, in the order of submission: they wait in a list while the device's tags are all in use.
class Disk {
public:
    constexpr Disk() = default;
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    // Once, on CPU 0: takes the interrupt.
    kernel::Status start();

    uint64_t blocks() const { return m_blocks; }
    bool read_only() const { return m_read_only; }

    // From any level; does not wait. The request stays in place until `done` is called.
    void submit(DiskRequest& request);

private:
    using Queue = kernel::List<DiskRequest, &DiskRequest::link>;

    static void on_interrupt(uint64_t self);
    void issue_waiting();
    void issue(DiskRequest& request, unsigned tag);
    DiskRequest* take_completed(kernel::Status& status);

    uint64_t m_blocks = 0;
    bool m_read_only = false;

    // Guards what follows, and the order in which commands reach the device.
    kernel::SpinLock m_lock;
    Queue m_waiting;
    uint32_t m_tags_in_use = 0;
    DiskRequest* m_in_flight[abi::DISK_TAGS] = {};
    // The device copies it when it is submitted.
    abi::DiskCommand m_command = {};
};

// The machine's only one.
Disk& disk();

// Submits and waits in place: for start-up and tests. A client of objects parks instead of waiting here.
kernel::Status transfer_and_wait(abi::DiskOperation operation, uint64_t block, uint64_t count, void* buffer);

}
