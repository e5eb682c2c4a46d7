#include "services/storage/cached_block.h"

#include "kernel/heap.h"
#include "kernel/panic.h"

namespace services {

using kernel::Code;
using kernel::Status;

CachedBlock* CachedBlock::make(uint64_t block)
{
    auto* made = kernel::make<CachedBlock>(kernel::Tag::Service, block);
    if (made != nullptr && made->m_request.buffer == nullptr) {
        kernel::destroy(made);
        return nullptr;
    }
    return made;
}

CachedBlock::CachedBlock(uint64_t block)
{
    m_request.operation = abi::DiskOperation::READ;
    m_request.block = block;
    m_request.count = 1;
    m_request.buffer = kernel::allocate(abi::DISK_BLOCK_SIZE, kernel::Tag::Service);
    m_request.done = read_done;
    m_request.context = reinterpret_cast<uint64_t>(this);
}

CachedBlock::~CachedBlock()
{
    kernel::check(!m_reading, "a block is freed while it is read");
    kernel::deallocate(m_request.buffer);
}

void CachedBlock::start_reading()
{
    m_reading = true;
    devices::disk().submit(m_request);
}

Status CachedBlock::wait(kernel::Ticket& ticket)
{
    if (busy())
        TRY(park_on(m_waiting, m_lock, ticket, [this] { return m_reading; }));
    kernel::SpinGuard guard(m_lock);
    return m_status;
}

bool CachedBlock::busy()
{
    kernel::SpinGuard guard(m_lock);
    return m_reading;
}

bool CachedBlock::failed()
{
    kernel::SpinGuard guard(m_lock);
    return !m_reading && !m_status.ok();
}

void CachedBlock::read_done(devices::DiskRequest& request, Status status)
{
    reinterpret_cast<CachedBlock*>(request.context)->complete(status);
}

// At exception level.
void CachedBlock::complete(Status status)
{
    kernel::SpinGuard guard(m_lock);
    m_reading = false;
    m_status = status;
    m_waiting.complete_all(status);
}

}
