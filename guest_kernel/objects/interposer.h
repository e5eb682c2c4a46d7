// An object put in front of another by swinging its table entry.
#pragma once

#include "objects/record_stack.h"
#include "objects/reference.h"

namespace objects {

// What callers take for a representative: its first word is a virtual table of numbered stubs, so that any of up to
// 256 methods lands in the interposer with its arguments untouched.
struct Face {
    const void* stubs;
    Interposer* owner;
};

struct AdaptedReference;

// Their order on one reference, from the caller inwards. A gate stands alone, on a reference that has no object yet.
enum class Rank : uint8_t { Arbiter, Adaptor, Mediator, Gate };

// Where a call goes on, and whether its return is to be seen; `cpu` is the one whose counter a tracked call entered.
struct Route {
    Object* target;
    bool tracked;
    unsigned cpu;
};

struct CallSite {
    unsigned method;
    // False when the thread's records are full: then the call must not be tracked.
    bool can_track;
    uint64_t return_address;
};

// Entered by a counted thread, with interrupts on and no spin lock held; may block. The chain links are guarded by the
// lock of the reference's global entry.
class Interposer {
public:
    virtual Route enter(const CallSite& site) = 0;
    // On the thread that entered; possibly on another CPU.
    virtual void leave(const CallRecord& record) = 0;
    virtual const char* kind() const = 0;
    // What an adaptor, or the dead reference in its place, belongs to.
    virtual AdaptedReference* adapted() { return nullptr; }

    Reference reference() const { return m_reference; }
    Rank rank() const { return m_rank; }
    Object* face() { return reinterpret_cast<Object*>(m_shown); }

    Interposer(const Interposer&) = delete;
    Interposer& operator=(const Interposer&) = delete;

protected:
    Interposer(Reference reference, Rank rank);
    ~Interposer() = default;
    // Callers see another face than the numbered stubs. Before it is put in place; afterwards by TranslationTable::show.
    void show(Face& face) { m_shown = &face; }

private:
    Face m_face;
    Face* m_shown = &m_face;
    Reference m_reference;
    Interposer* m_next = nullptr;
    Rank m_rank;
    bool m_linked = false;
    friend class TranslationTable;
};

// Drops the records of frames below `stack`, telling each interposer: for code that is abandoned by a recovery.
void abandon_records(RecordStack& records, uint64_t stack);

}
