#include "fcm_file.h"

#include "kernel/heap.h"

namespace services::v2 {

using kernel::Code;
using kernel::Status;
using kernel::Ticket;

constinit objects::FactoryMadeClass FCMFile::descriptor
    = objects::factory_class<FCMFileRoot>("FCMFile", "FileCache", 2);

FCMFile::~FCMFile()
{
    m_adopted.free_all();
    m_threads.free_all();
    m_superfluous.free_all();
    kernel::destroy(m_operation);
}

Status FCMFile::begin_sync(SyncKind kind, Ticket& ticket)
{
    take_apart();
    if (m_operation == nullptr)
        m_operation = kernel::make<SyncItem>(kernel::Tag::Service);
    if (m_operation == nullptr)
        return Code::NO_MEMORY;
    if (kind == SyncKind::Unforced) {
        m_unforced = true;
        note_begun(kind);
        return {};
    }
    auto* thread = kernel::make<SyncItem>(kernel::Tag::Service);
    if (thread == nullptr)
        return Code::NO_MEMORY;
    note_begun(kind);
    return queue_thread(m_threads, *thread, ticket);
}

bool FCMFile::syncing() const
{
    return sync_wanted() || !m_adopted.empty() || m_sync.in_flight.count() != 0;
}

Status FCMFile::go_on(Ticket& ticket)
{
    take_apart();
    for (;;) {
        if (m_ops != SyncOps::Forced)
            choose_pass();
        if (m_ops == SyncOps::None)
            return {};
        TRY(write_chosen(m_ops == SyncOps::Forced ? forced_width : width, ticket));
        if (!pass_ended())
            return {};
        if (m_ops == SyncOps::Forced)
            answer_served();
        m_ops = SyncOps::None;
    }
}

// Every page that an unforced pass has not written is dirty still, so a forced one that takes its place leaves none out.
void FCMFile::choose_pass()
{
    if (!m_threads.empty()) {
        for (auto* thread = m_threads.first(); thread != nullptr; thread = thread->next)
            thread->started = true;
        m_ops = SyncOps::Forced;
    } else if (m_ops == SyncOps::None && m_unforced) {
        m_ops = SyncOps::NonForced;
    } else {
        return;
    }
    m_unforced = false;
    choose_pages();
}

// Who came after the pass began waits for the next.
void FCMFile::answer_served()
{
    while (m_threads.first() != nullptr && m_threads.first()->started)
        answer(*m_threads.take_first());
}

uint64_t FCMFile::queued_items() const
{
    return m_adopted.count() + (sync_wanted() ? 1 + m_threads.count() : 0);
}

void FCMFile::list_items(SyncItem** items) const
{
    for (auto* item = m_adopted.first(); item != nullptr; item = item->next)
        *items++ = item;
    if (!sync_wanted())
        return;
    *items++ = m_operation;
    for (auto* thread = m_threads.first(); thread != nullptr; thread = thread->next)
        *items++ = thread;
}

void FCMFile::adopt(const FileCacheParcel& parcel, SyncItem* const* items)
{
    m_state = parcel.cache;
    m_sync = parcel.sync;
    for (uint64_t i = 0; i < parcel.items; ++i)
        m_adopted.append(*items[i]);
}

void FCMFile::take_apart()
{
    if (m_adopted.empty())
        return;
    while (auto* item = m_adopted.take_first()) {
        item->started = false;
        if (item->type == SyncItem::Type::Thread)
            m_threads.append(*item);
        else if (m_operation == nullptr)
            m_operation = item;
        else
            m_superfluous.append(*item);
    }
    m_unforced = m_threads.empty();
}

void FCMFile::let_go()
{
    if (sync_wanted())
        m_operation = nullptr;
    v1::FCMFile::let_go();
    m_adopted = {};
    m_threads = {};
    m_unforced = false;
    m_ops = SyncOps::None;
}

}
