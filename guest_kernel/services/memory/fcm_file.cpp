#include "services/memory/fcm_file.h"

#include "kernel/clock.h"
#include "kernel/memory.h"
#include "kernel/owned.h"
#include "kernel/thread.h"
#include "services/files/file_representative.h"
#include "services/files/page_transfer.h"
#include "services/memory/paging_figures.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;
using kernel::Ticket;

namespace {

uint64_t this_thread() { return kernel::current_thread()->id(); }

}

inline namespace v1 {

constinit objects::FactoryMadeClass FCMFile::descriptor
    = objects::factory_class<FCMFileRoot>("FCMFile", "FileCache", 1);

FCMFile::~FCMFile()
{
    m_state.pages.for_each([this](PageDescriptor& page) { drop(page); });
    m_queue.free_all();
    m_sync.answered.free_all();
    m_sync.watchers.free_all();
    if (m_sync.work != nullptr)
        page_writer().forget(*m_sync.work);
    kernel::destroy(m_sync.work);
}

Status FCMFile::open()
{
    m_sync.work = kernel::make<PageWriterWork>(kernel::Tag::Service, root().reference());
    if (m_sync.work == nullptr)
        return Code::NO_MEMORY;
    return FCMDefault::open();
}

Status FCMFile::close(Ticket* ticket)
{
    TRY(resume(*ticket));
    Status lost;
    {
        kernel::MutexGuard guard(m_lock);
        TRY(settle(*ticket));
        lost = m_sync.error;
        TRY(drop_range(0, all_pages, *ticket));
    }
    TRY(m_state.creation.manager->detach_cache(self()));
    return lost;
}

// Parked until nothing is dirty any more, or what is could not be written, and nothing is under way.
Status FCMFile::settle(Ticket& ticket)
{
    take_ended_transfers();
    if (!syncing() && any_dirty() && m_sync.error.ok())
        TRY(begin_sync(SyncKind::Unforced, ticket));
    return syncing() ? watch(ticket) : Status();
}

Status FCMFile::close_window(objects::Reference region)
{
    TRY(FCMDefault::close_window(region));
    kernel::MutexGuard guard(m_lock);
    // Without memory for it the pages stay dirty until the next sync.
    if (m_state.windows.empty() && any_dirty())
        begin_sync(SyncKind::Unforced, kernel::current_thread()->ticket()).ignore();
    return {};
}

Status FCMFile::map_page(const PageFault* fault, Ticket* ticket)
{
    TRY(resume(*ticket));
    if (fault->page * abi::PAGE_SIZE >= TRY(m_state.creation.file->length()))
        return Code::INVALID;
    return FCMDefault::map_page(fault, ticket);
}

Status FCMFile::write(uint64_t offset, const void* from, uint64_t bytes, Ticket* ticket)
{
    TRY(resume(*ticket));
    {
        // Who makes the file longer must not make it shorter than another has just made it.
        kernel::MutexGuard guard(m_lock);
        if (offset + bytes > TRY(m_state.creation.file->length()))
            TRY(m_state.creation.file->set_length(offset + bytes, ticket));
    }
    return FCMDefault::write(offset, from, bytes, ticket);
}

Status FCMFile::truncate(uint64_t bytes, Ticket* ticket)
{
    TRY(resume(*ticket));
    kernel::MutexGuard guard(m_lock);
    take_ended_transfers();
    TRY(cut(bytes, *ticket));
    return m_state.creation.file->set_length(bytes, ticket);
}

Status FCMFile::discard(uint64_t, uint64_t, Ticket*)
{
    return Code::UNSUPPORTED;
}

Status FCMFile::sync(SyncKind kind, Ticket* ticket)
{
    SyncItem* thread = nullptr;
    {
        kernel::MutexGuard guard(m_lock);
        thread = m_sync.answered.find_thread(this_thread());
        if (thread == nullptr) {
            TRY(resume(*ticket));
            return begin_sync(kind, *ticket);
        }
    }
    return finish_forced(*thread, *ticket);
}

// Without the lock: metadata may take long, and the item is this thread's.
Status FCMFile::finish_forced(SyncItem& thread, Ticket& ticket)
{
    Status status = thread.outcome;
    if (!thread.told) {
        thread.told = true;
        resume(ticket).ignore();
    }
    if (status.ok())
        status = m_state.creation.file->sync_metadata(&ticket);
    if (status.is_parked())
        return status;
    kernel::MutexGuard guard(m_lock);
    m_sync.answered.remove(thread);
    kernel::destroy(&thread);
    return status;
}

// When every page is dirty they are written, and whoever can wait does.
Result<uint64_t> FCMFile::give_back(uint64_t pages, Ticket* ticket)
{
    {
        kernel::MutexGuard guard(m_lock);
        take_ended_transfers();
    }
    const uint64_t given = TRY(FCMDefault::give_back(pages, nullptr));
    kernel::MutexGuard guard(m_lock);
    if (given != 0)
        return given;
    if (!syncing() && (!any_dirty() || !begin_sync(SyncKind::Unforced, kernel::current_thread()->ticket()).ok()))
        return uint64_t{0};
    if (ticket == nullptr)
        return uint64_t{0};
    return watch(*ticket);
}

Status FCMFile::transfers_ended(Ticket* ticket)
{
    kernel::MutexGuard guard(m_lock);
    take_ended_transfers();
    // What write_chosen was parked for has failed: so would it fail again.
    const Status resumed = resume(*ticket);
    if (!resumed.ok())
        give_up_chosen(resumed);
    const Status status = go_on(*ticket);
    wake_watchers();
    return status;
}

Result<uint64_t> FCMFile::figure(CacheFigure which)
{
    {
        kernel::MutexGuard guard(m_lock);
        switch (which) {
        case CacheFigure::PagesWritten: return m_sync.pages_written;
        case CacheFigure::ForcedSyncs: return m_sync.forced;
        case CacheFigure::UnforcedSyncs: return m_sync.unforced;
        case CacheFigure::Waiting: return waiting();
        default: break;
        }
    }
    return FCMDefault::figure(which);
}

Status FCMFile::begin_sync(SyncKind kind, Ticket& ticket)
{
    kernel::Owned<SyncItem> operation(kernel::make<SyncItem>(kernel::Tag::Service));
    if (!operation)
        return Code::NO_MEMORY;
    SyncItem* thread = nullptr;
    if (kind == SyncKind::Forced) {
        thread = kernel::make<SyncItem>(kernel::Tag::Service);
        if (thread == nullptr)
            return Code::NO_MEMORY;
    }
    m_queue.append(*operation.release());
    note_begun(kind);
    return thread == nullptr ? Status() : queue_thread(m_queue, *thread, ticket);
}

void FCMFile::note_begun(SyncKind kind)
{
    const bool forced = kind == SyncKind::Forced;
    ++(forced ? m_sync.forced : m_sync.unforced);
    if (!forced)
        count(paging_figures().unforced_syncs);
    page_writer().post(*m_sync.work);
}

Status FCMFile::queue_thread(SyncQueue& queue, SyncItem& thread, Ticket& ticket)
{
    thread.type = SyncItem::Type::Thread;
    thread.thread = this_thread();
    thread.ticket = ticket.queue();
    thread.since_ns = kernel::now_ns();
    queue.append(thread);
    return Status::parked(thread.ticket);
}

bool FCMFile::syncing() const
{
    return !m_queue.empty() || m_sync.in_flight.count() != 0;
}

Status FCMFile::go_on(Ticket& ticket)
{
    while (auto* item = m_queue.first()) {
        if (item->type == SyncItem::Type::Thread) {
            answer(*m_queue.take_first());
            continue;
        }
        if (!item->started) {
            item->started = true;
            choose_pages();
        }
        TRY(write_chosen(width, ticket));
        if (!pass_ended())
            return {};
        kernel::destroy(m_queue.take_first());
    }
    return {};
}

bool FCMFile::any_dirty() const
{
    return m_state.pages.visit_until([](const PageDescriptor& page) { return page.dirty; });
}

void FCMFile::choose_pages()
{
    m_state.pages.for_each([](PageDescriptor& page) { page.wanted = page.dirty; });
}

Status FCMFile::write_chosen(unsigned at_a_time, Ticket& ticket)
{
    Status parked;
    m_state.pages.visit_until([&](PageDescriptor& page) {
        if (m_sync.in_flight.full(at_a_time))
            return true;
        // One that is on its way with older contents is written again after that.
        if (!page.wanted || page.writing)
            return false;
        const Status started = start_writing(page, ticket);
        if (started.is_parked()) {
            parked = started;
            return true;
        }
        if (!started.ok()) {
            page.wanted = false;
            m_sync.error = started;
        }
        return false;
    });
    return parked;
}

// Unmapped first: whoever stores to it afterwards takes a fault, waits for the lock, and makes it dirty again.
Status FCMFile::start_writing(PageDescriptor& page, Ticket& ticket)
{
    const uint64_t length = TRY(m_state.creation.file->length());
    const uint64_t start = page.index * abi::PAGE_SIZE;
    TRY(unmap_page(page));
    if (start < length && length - start < abi::PAGE_SIZE)
        memset(static_cast<char*>(page.frame) + (length - start), 0, abi::PAGE_SIZE - (length - start));
    if (start < length) {
        page.writing = true;
        const Status started = m_state.creation.file->start_write(page.index, page.transfer, &ticket);
        if (!started.ok()) {
            page.writing = false;
            return started;
        }
        m_sync.in_flight.add(page);
    }
    page.wanted = false;
    page.dirty = false;
    return {};
}

bool FCMFile::pass_ended() const
{
    return m_sync.in_flight.count() == 0
           && !m_state.pages.visit_until([](const PageDescriptor& page) { return page.wanted; });
}

void FCMFile::answer(SyncItem& thread)
{
    note_forced_sync(kernel::now_ns() - thread.since_ns);
    thread.outcome = m_sync.error;
    m_sync.error = {};
    m_sync.answered.append(thread);
    // A thread that has given up is not found, which is as good.
    kernel::complete(thread.ticket, 0).ignore();
}

Status FCMFile::watch(Ticket& ticket)
{
    auto* item = kernel::make<SyncItem>(kernel::Tag::Service);
    if (item == nullptr)
        return Code::NO_MEMORY;
    item->type = SyncItem::Type::Thread;
    item->ticket = ticket.queue();
    m_sync.watchers.append(*item);
    return Status::parked(item->ticket);
}

void FCMFile::wake_watchers()
{
    while (auto* item = m_sync.watchers.take_first()) {
        kernel::complete(item->ticket, 0).ignore();
        kernel::destroy(item);
    }
}

void FCMFile::take_ended_transfers()
{
    while (auto* page = m_sync.in_flight.take_ended()) {
        page->writing = false;
        const Status outcome = page->transfer->outcome();
        if (outcome.ok()) {
            ++m_sync.pages_written;
            count(paging_figures().pages_written);
        } else {
            page->dirty = true;
            m_sync.error = outcome;
        }
    }
}

void FCMFile::give_up_chosen(Status reason)
{
    m_state.pages.for_each([](PageDescriptor& page) { page.wanted = false; });
    m_sync.error = reason;
}

Status FCMFile::fill(PageDescriptor& page, Ticket& ticket)
{
    kernel::Owned<PageTransfer> transfer(kernel::make<PageTransfer>(
        kernel::Tag::Service, page.frame, cached_page_transferred, reinterpret_cast<uint64_t>(&page)));
    if (!transfer)
        return Code::NO_MEMORY;
    page.work = m_sync.work;
    // A new page at the end, about to be written.
    if (page.index * abi::PAGE_SIZE >= TRY(m_state.creation.file->length())) {
        TRY(FCMDefault::fill(page, ticket));
    } else {
        TRY(m_state.creation.file->start_read(page.index, transfer.get(), &ticket));
        page.reading = true;
        count(paging_figures().pages_read);
    }
    page.transfer = transfer.release();
    return {};
}

Status FCMFile::arrived(PageDescriptor& page, Ticket& ticket)
{
    if (!page.reading)
        return {};
    TRY(page.transfer->wait(ticket));
    page.reading = false;
    return {};
}

bool FCMFile::failed(const PageDescriptor& page) const
{
    return page.reading && !page.transfer->in_progress() && !page.transfer->outcome().ok();
}

bool FCMFile::in_transit(const PageDescriptor& page) const
{
    return page.writing || page.transfer->in_progress();
}

Status FCMFile::wait_for(PageDescriptor&, Ticket& ticket)
{
    return watch(ticket);
}

void FCMFile::forget(PageDescriptor& page)
{
    kernel::destroy(page.transfer);
}

void FCMFile::describe(FileCacheParcel& parcel) const
{
    parcel.cache = m_state;
    parcel.sync = m_sync;
}

void FCMFile::list_items(SyncItem** items) const
{
    for (auto* item = m_queue.first(); item != nullptr; item = item->next)
        *items++ = item;
}

void FCMFile::adopt(const FileCacheParcel& parcel, SyncItem* const* items)
{
    m_state = parcel.cache;
    m_sync = parcel.sync;
    for (uint64_t i = 0; i < parcel.items; ++i)
        m_queue.append(*items[i]);
}

void FCMFile::let_go()
{
    m_state = {};
    m_sync = {};
    m_queue = {};
}

static const objects::ClassRegistration registration(FCMFile::descriptor);

}

}
