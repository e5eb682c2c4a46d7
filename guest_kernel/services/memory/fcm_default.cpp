#include "services/memory/fcm_default.h"

#include "arch/ppc64/hypercall.h"
#include "kernel/memory.h"
#include "services/memory/address_translation.h"
#include "services/memory/paging_figures.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;
using kernel::Ticket;

namespace {

// What a store to the page must be told of: a clean page is never mapped to be written.
arch::Protection effective(const PageFault& fault)
{
    const bool clean = fault.protection == arch::Protection::READ_WRITE && fault.access != Access::Write;
    return clean ? arch::Protection::READ : fault.protection;
}

// The CPUs keep translations of code that they have run from a frame. Once for all who run what a page holds: it makes
// them forget all code there is.
void make_fetchable(PageDescriptor& page)
{
    if (!page.fetchable)
        arch::code_sync(arch::physical(page.frame), abi::PAGE_SIZE);
    page.fetchable = !page.stored;
}

// Visits the pages of [offset, offset + bytes) one by one: visit(page, offset in it, bytes, position in the range).
template <typename Visit>
Status for_each_part(uint64_t offset, uint64_t bytes, Visit visit)
{
    for (uint64_t done = 0; done < bytes;) {
        const uint64_t start = (offset + done) % abi::PAGE_SIZE;
        const uint64_t room = abi::PAGE_SIZE - start;
        const uint64_t part = bytes - done < room ? bytes - done : room;
        TRY(visit((offset + done) / abi::PAGE_SIZE, start, part, done));
        done += part;
    }
    return {};
}

}

Status resume(Ticket& ticket)
{
    if (ticket.state() != kernel::TicketState::Ready)
        return {};
    return Status::from_raw(static_cast<int64_t>(ticket.take()));
}

inline namespace v1 {

constinit objects::FactoryMadeClass FCMDefault::descriptor
    = objects::factory_class<FCMDefaultRoot>("FCMDefault", "FileCache", 1);

FCMDefault::~FCMDefault()
{
    m_state.pages.for_each([this](PageDescriptor& page) { FCMDefault::drop(page); });
    m_state.windows.free_all();
}

Status FCMDefault::open()
{
    return m_state.creation.manager->attach_cache(self());
}

Status FCMDefault::close(Ticket* ticket)
{
    TRY(resume(*ticket));
    {
        kernel::MutexGuard guard(m_lock);
        TRY(drop_range(0, all_pages, *ticket));
    }
    return m_state.creation.manager->detach_cache(self());
}

Status FCMDefault::open_window(const CacheWindow* window)
{
    kernel::MutexGuard guard(m_lock);
    return m_state.windows.add(*window);
}

Status FCMDefault::close_window(objects::Reference region)
{
    kernel::MutexGuard guard(m_lock);
    const auto* window = m_state.windows.find(region);
    if (window == nullptr)
        return Code::NOT_FOUND;
    Status worst;
    m_state.pages.for_each([&](PageDescriptor& page) {
        const auto unmapped = window->shows(page.index) ? unmap_page(page) : Status();
        if (!unmapped.ok())
            worst = unmapped;
    });
    m_state.windows.remove(region);
    return worst;
}

Status FCMDefault::map_page(const PageFault* fault, Ticket* ticket)
{
    TRY(resume(*ticket));
    return with_page(fault->page, *ticket, [fault](PageDescriptor& page) -> Status {
        page.mapped = true;
        count(paging_figures().pages_mapped);
        page.dirty = page.dirty || fault->access == Access::Write;
        page.stored = page.stored || fault->access == Access::Write;
        if (fault->protection == arch::Protection::READ_EXECUTE)
            make_fetchable(page);
        return fault->translation->map(fault->address, page.frame, effective(*fault));
    });
}

Status FCMDefault::read(uint64_t offset, void* to, uint64_t bytes, Ticket* ticket)
{
    TRY(resume(*ticket));
    return for_each_part(offset, bytes, [&](uint64_t index, uint64_t start, uint64_t part, uint64_t done) {
        return with_page(index, *ticket, [&](PageDescriptor& page) -> Status {
            memcpy(static_cast<char*>(to) + done, static_cast<const char*>(page.frame) + start, part);
            return {};
        });
    });
}

Status FCMDefault::write(uint64_t offset, const void* from, uint64_t bytes, Ticket* ticket)
{
    TRY(resume(*ticket));
    return for_each_part(offset, bytes, [&](uint64_t index, uint64_t start, uint64_t part, uint64_t done) {
        return with_page(index, *ticket, [&](PageDescriptor& page) -> Status {
            memcpy(static_cast<char*>(page.frame) + start, static_cast<const char*>(from) + done, part);
            page.dirty = true;
            page.fetchable = false;
            return {};
        });
    });
}

Status FCMDefault::truncate(uint64_t bytes, Ticket* ticket)
{
    TRY(resume(*ticket));
    kernel::MutexGuard guard(m_lock);
    return cut(bytes, *ticket);
}

Status FCMDefault::cut(uint64_t bytes, Ticket& ticket)
{
    TRY(drop_range((bytes + abi::PAGE_SIZE - 1) / abi::PAGE_SIZE, all_pages, ticket));
    const uint64_t tail = bytes % abi::PAGE_SIZE;
    auto* last = m_state.pages.find(bytes / abi::PAGE_SIZE);
    if (tail != 0 && last != nullptr) {
        memset(static_cast<char*>(last->frame) + tail, 0, abi::PAGE_SIZE - tail);
        last->dirty = true;
    }
    return {};
}

Status FCMDefault::discard(uint64_t first_page, uint64_t pages, Ticket* ticket)
{
    TRY(resume(*ticket));
    kernel::MutexGuard guard(m_lock);
    return drop_range(first_page, pages, *ticket);
}

Status FCMDefault::sync(SyncKind, Ticket*)
{
    return {};
}

// Those that nobody has mapped go first: they cost no fault afterwards.
Result<uint64_t> FCMDefault::give_back(uint64_t pages, Ticket*)
{
    kernel::MutexGuard guard(m_lock);
    const uint64_t unmapped = drop_clean(pages, false);
    return unmapped + drop_clean(pages - unmapped, true);
}

Status FCMDefault::transfers_ended(Ticket*)
{
    return {};
}

Result<uint64_t> FCMDefault::figure(CacheFigure which)
{
    kernel::MutexGuard guard(m_lock);
    switch (which) {
    case CacheFigure::Pages: return m_state.pages.count();
    case CacheFigure::Dirty: return m_state.pages.count_if([](const PageDescriptor& page) { return page.dirty; });
    case CacheFigure::Mapped: return m_state.pages.count_if([](const PageDescriptor& page) { return page.mapped; });
    case CacheFigure::Windows: {
        uint64_t windows = 0;
        m_state.windows.for_each([&windows](const CacheWindow&) { ++windows; });
        return windows;
    }
    case CacheFigure::Synchronisations: return m_state.synchronisations;
    default: return uint64_t{0};
    }
}

Status FCMDefault::unmap_page(PageDescriptor& page)
{
    Status worst;
    m_state.windows.for_each([&](const CacheWindow& window) {
        if (!window.shows(page.index))
            return;
        ++m_state.synchronisations;
        count(paging_figures().synchronisations);
        const auto unmapped = window.translation->unmap(window.address_of(page.index));
        if (!unmapped.ok())
            worst = unmapped;
    });
    page.mapped = false;
    return worst;
}

Status FCMDefault::fill(PageDescriptor& page, Ticket&)
{
    memset(page.frame, 0, abi::PAGE_SIZE);
    return {};
}

Status FCMDefault::arrived(PageDescriptor&, Ticket&)
{
    return {};
}

bool FCMDefault::failed(const PageDescriptor&) const
{
    return false;
}

bool FCMDefault::in_transit(const PageDescriptor&) const
{
    return false;
}

Status FCMDefault::wait_for(PageDescriptor&, Ticket&)
{
    return {};
}

void FCMDefault::forget(PageDescriptor&)
{
}

void FCMDefault::drop(PageDescriptor& page)
{
    m_state.pages.remove(page);
    m_state.creation.manager->free_page(page.frame).ignore();
    forget(page);
    kernel::destroy(&page);
}

uint64_t FCMDefault::drop_clean(uint64_t pages, bool mapped)
{
    uint64_t dropped = 0;
    m_state.pages.visit_until([&](PageDescriptor& page) {
        if (dropped == pages)
            return true;
        if (page.dirty || page.mapped != mapped || in_transit(page) || !unmap_page(page).ok())
            return false;
        drop(page);
        count(paging_figures().pages_taken_back);
        ++dropped;
        return false;
    });
    return dropped;
}

Status FCMDefault::drop_range(uint64_t first, uint64_t pages, Ticket& ticket)
{
    Status worst;
    m_state.pages.visit_until([&](PageDescriptor& page) {
        if (page.index - first >= pages)
            return false;
        worst = in_transit(page) ? wait_for(page, ticket) : Status();
        if (worst.ok())
            worst = unmap_page(page);
        if (worst.ok())
            drop(page);
        return !worst.ok();
    });
    return worst;
}

// Null when the page is not there and the spare one has not been obtained yet.
Result<PageDescriptor*> FCMDefault::locked_page(uint64_t index, SparePage& spare, Ticket& ticket)
{
    auto* page = m_state.pages.find(index);
    if (page != nullptr && failed(*page)) {
        drop(*page);
        page = nullptr;
    }
    if (page == nullptr && spare.get() != nullptr) {
        spare.get()->index = index;
        TRY(fill(*spare.get(), ticket));
        page = spare.release();
        m_state.pages.insert(*page);
    }
    if (page != nullptr)
        TRY(arrived(*page, ticket));
    return page;
}

static const objects::ClassRegistration registration(FCMDefault::descriptor);

}

}
