#include "services/files/page_transfer.h"

#include "kernel/panic.h"
#include "services/files/open_file.h"
#include "services/files/volume.h"

namespace services {

using kernel::SpinGuard;
using kernel::Status;

PageTransfer::PageTransfer(void* page, Ended ended, uint64_t context) : m_ended(ended), m_context(context)
{
    m_request.count = 1;
    m_request.buffer = page;
    m_request.done = request_done;
    m_request.context = reinterpret_cast<uint64_t>(this);
}

PageTransfer::~PageTransfer() { kernel::check(!in_progress(), "a page goes away while it is transferred"); }

bool PageTransfer::in_progress() const
{
    SpinGuard guard(m_lock);
    return m_in_progress;
}

Status PageTransfer::outcome() const
{
    SpinGuard guard(m_lock);
    return m_outcome;
}

Status PageTransfer::wait(kernel::Ticket& ticket)
{
    if (in_progress())
        TRY(park_on(m_waiting, m_lock, ticket, [this] { return m_in_progress; }));
    return outcome();
}

void PageTransfer::start(abi::DiskOperation operation, uint64_t block, OpenFile& file, uint64_t transaction)
{
    begin();
    m_file = &file;
    m_transaction = transaction;
    m_request.operation = operation;
    m_request.block = block;
    if (transaction != 0)
        file.volume.journal().fresh_write_begins(transaction);
    {
        SpinGuard guard(file.lock);
        ++file.transfers;
    }
    devices::disk().submit(m_request);
}

void PageTransfer::begin()
{
    SpinGuard guard(m_lock);
    kernel::check(!m_in_progress, "a page is transferred twice at a time");
    m_in_progress = true;
}

void PageTransfer::end_at_once(Status outcome)
{
    begin();
    end(outcome);
}

// At exception level. The file is told first: who learns from the transfer that a write has ended may ask the file at once
// to make it durable.
void PageTransfer::request_done(devices::DiskRequest& request, Status status)
{
    auto& transfer = *reinterpret_cast<PageTransfer*>(request.context);
    auto& file = *transfer.m_file;
    auto& journal = file.volume.journal();
    if (transfer.m_transaction != 0)
        journal.fresh_write_ended(transfer.m_transaction);
    const bool written = request.operation == abi::DiskOperation::WRITE;
    file.transfer_ended(written ? journal.next_flush() : 0);
    transfer.end(status);
}

// `ended` is told in the same hold of the lock: who is woken by it and asks whether the transfer is in progress waits for
// the lock, and learns that it is not; and whoever sees that it is not may free it.
void PageTransfer::end(Status outcome)
{
    SpinGuard guard(m_lock);
    m_outcome = outcome;
    if (m_ended != nullptr)
        m_ended(*this, m_context);
    m_in_progress = false;
    m_waiting.complete_all(outcome);
}

}
