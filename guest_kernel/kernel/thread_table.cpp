#include "kernel/thread_table.h"

namespace kernel {

constinit SpinLock ThreadTable::s_lock;
constinit uint64_t ThreadTable::s_next_id = 1;
constinit ThreadTable::TableList ThreadTable::s_buckets[buckets];

void ThreadTable::add(Thread& thread)
{
    SpinGuard guard(s_lock);
    thread.m_id = s_next_id++;
    thread.m_context.thread_id = thread.m_id;
    s_buckets[thread.m_id % buckets].append(thread);
}

void ThreadTable::remove(Thread& thread)
{
    SpinGuard guard(s_lock);
    s_buckets[thread.m_id % buckets].remove(thread);
}

Status ThreadTable::visit(uint64_t id, void (*visit)(Thread&, void*), void* context)
{
    SpinGuard guard(s_lock);
    for (Thread* thread = s_buckets[id % buckets].first(); thread != nullptr; thread = TableList::next(*thread)) {
        if (thread->m_id == id) {
            visit(*thread, context);
            return {};
        }
    }
    return Code::NOT_FOUND;
}

// Each bucket is in ascending order: the lowest id among the heads is the next one of all.
void ThreadTable::visit_all(void (*visit)(Thread&, void*), void* context)
{
    SpinGuard guard(s_lock);
    Thread* next[buckets];
    for (unsigned i = 0; i < buckets; ++i)
        next[i] = s_buckets[i].first();
    for (;;) {
        Thread** lowest = nullptr;
        for (auto& candidate : next) {
            if (candidate != nullptr && (lowest == nullptr || candidate->m_id < (*lowest)->m_id))
                lowest = &candidate;
        }
        if (lowest == nullptr)
            return;
        visit(**lowest, context);
        *lowest = TableList::next(**lowest);
    }
}

Status with_thread(uint64_t id, void (*visit)(Thread&, void*), void* context)
{
    return ThreadTable::visit(id, visit, context);
}

void for_each_thread(void (*visit)(Thread&, void*), void* context)
{
    ThreadTable::visit_all(visit, context);
}

}
