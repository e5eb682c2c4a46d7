// One page of a file on its way between memory and disk.
#pragma once

#include "devices/disk.h"
#include "services/storage/ticket_list.h"

namespace services {

struct OpenFile;

// Pinned from its start to its end, with its page: the disk's driver knows both. Belongs to whoever has the page; a
// file representative starts it. Its end comes at exception level, is code of the kernel whatever classes the objects
// have by then, and calls no object: it notes the outcome and completes the tickets that wait.
class PageTransfer {
public:
    // Called when it ends, under the transfer's lock, of which it asks nothing: it posts to a thread. Mostly at exception
    // level, but from start_read itself where no disk was needed.
    using Ended = void (*)(PageTransfer& transfer, uint64_t context);

    // `page`: a page of the linear map.
    explicit PageTransfer(void* page, Ended ended = nullptr, uint64_t context = 0);
    // Not in progress.
    ~PageTransfer();
    PageTransfer(const PageTransfer&) = delete;
    PageTransfer& operator=(const PageTransfer&) = delete;

    void* page() const { return m_request.buffer; }
    bool in_progress() const;
    // Of the last one that ended; IO_ERROR and the disk's other answers are ordinary.
    kernel::Status outcome() const;
    // Parked, with the ticket queued, while it is in progress: the ticket's result will be the outcome. Else the outcome.
    // NO_MEMORY.
    kernel::Status wait(kernel::Ticket& ticket);

    // For file representatives.
    // `transaction`: that in which the file got the block, where this is the block's first write; else 0.
    void start(abi::DiskOperation operation, uint64_t block, OpenFile& file, uint64_t transaction);
    // It is in progress from the one to the other, whoever moves the page.
    void begin();
    void end(kernel::Status outcome);
    // Ends it without the disk.
    void end_at_once(kernel::Status outcome);

private:
    static void request_done(devices::DiskRequest& request, kernel::Status status);

    devices::DiskRequest m_request;
    Ended m_ended;
    uint64_t m_context;
    OpenFile* m_file = nullptr;
    uint64_t m_transaction = 0;
    // Guards what follows.
    mutable kernel::SpinLock m_lock;
    bool m_in_progress = false;
    kernel::Status m_outcome;
    TicketList m_waiting;
};

}
