// Address translation by a radix tree of the process' own.
#pragma once

#include "arch/ppc64/address_space.h"
#include "kernel/mutex.h"
#include "services/memory/address_translation.h"
#include "services/memory/whole_state_root.h"

namespace services {

// What a process' translation consists of. The tree stays where it is, whoever serves the reference.
struct TranslationState {
    arch::AddressSpace* space = nullptr;
    uint64_t synchronisations = 0;
};

inline constexpr objects::Format translation_format{"address-translation.tree/1"};

inline namespace v1 {

class HATDefault : public objects::Rep<AddressTranslation> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit HATDefault(objects::Root& root) : Rep(root) {}
    HATDefault(objects::Root& root, const Creation&) : HATDefault(root) {}
    // No thread runs in it any more.
    ~HATDefault();

    kernel::Status open() override;
    kernel::Result<uint64_t> process_id() override;
    kernel::Status map(uint64_t address, void* frame, arch::Protection protection) override;
    kernel::Status unmap(uint64_t address) override;
    kernel::Result<uint64_t> synchronisations() override;

    TranslationState& state() { return m_state; }
    const TranslationState& state() const { return m_state; }

private:
    kernel::Status map_again(uint64_t address, void* frame, arch::Protection protection);

    // Guards the tree. Innermost: no call through a reference is made under it.
    kernel::Mutex m_lock;
    TranslationState m_state;
};

using HATDefaultRoot = WholeStateRoot<HATDefault, TranslationState, AddressTranslation, translation_format>;

}

}
