#include "objects/adaptor_gate.h"

#include "objects/translation_table.h"

namespace objects {

Route AdaptorGate::enter(const CallSite&)
{
    if (m_mediator == nullptr || !blocks_calls(m_mediator->phase()))
        return {refusal(Code::BUSY), false, 0};
    m_mediator->wait_while_blocked();
    return {table().resolve(reference()), false, 0};
}

void AdaptorGate::leave(const CallRecord&)
{
}

}
