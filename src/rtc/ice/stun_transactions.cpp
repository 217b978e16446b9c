#include "rtc/ice/stun_transactions.hpp"

#include <algorithm>

namespace limen::rtc {

bool StunTransactions::add(const StunTransaction& transaction) {
  if (list_.size() >= kLimit) {
    auto old = std::find_if(list_.begin(), list_.end(), [](const StunTransaction& t) { return t.cancelled; });
    if (old == list_.end()) return false;
    list_.erase(old);
  }
  list_.push_back(transaction);
  return true;
}

StunTransaction* StunTransactions::find(const stun::TransactionId& id) {
  auto it = std::find_if(list_.begin(), list_.end(), [&](const StunTransaction& t) { return t.id == id; });
  return it == list_.end() ? nullptr : &*it;
}

void StunTransactions::remove(const stun::TransactionId& id) {
  std::erase_if(list_, [&](const StunTransaction& t) { return t.id == id; });
}

void StunTransactions::cancel_checks(uint32_t pair) {
  for (StunTransaction& t : list_) {
    if (t.purpose == StunTransaction::Purpose::check && t.pair == pair) t.cancelled = true;
  }
}

void StunTransactions::start_generation(uint32_t carrier) {
  std::erase_if(list_, [&](const StunTransaction& t) {
    if (t.purpose == StunTransaction::Purpose::gather) return false;
    return t.purpose == StunTransaction::Purpose::check || carrier == 0 || t.pair != carrier;
  });
  for (StunTransaction& t : list_) t.previous_generation = t.purpose == StunTransaction::Purpose::liveness;
}

bool StunTransactions::in_flight(uint32_t pair) const {
  return std::any_of(list_.begin(), list_.end(), [&](const StunTransaction& t) {
    return t.purpose == StunTransaction::Purpose::check && t.pair == pair && !t.cancelled;
  });
}

bool StunTransactions::asking(uint32_t pair) const {
  return std::any_of(list_.begin(), list_.end(), [&](const StunTransaction& t) { return t.pair == pair; });
}

bool StunTransactions::gathering() const {
  return std::any_of(list_.begin(), list_.end(),
                     [](const StunTransaction& t) { return t.purpose == StunTransaction::Purpose::gather; });
}

void StunTransactions::sent(StunTransaction& transaction, Instant now) {
  if (transaction.sends > 0) transaction.interval = std::min(transaction.interval * 2, kMaxInterval);
  ++transaction.sends;
  transaction.last_sent = now;
  transaction.next_send = now + transaction.interval;
}

std::optional<StunTransactions::Due> StunTransactions::take_due(Instant now) {
  auto it = std::find_if(list_.begin(), list_.end(), [&](const StunTransaction& t) { return t.next_send <= now; });
  if (it == list_.end()) return std::nullopt;
  Due due{*it, it->cancelled || it->sends >= it->max_sends};
  if (due.expired) list_.erase(it);
  else sent(*it, now);
  return due;
}

Instant StunTransactions::next_deadline() const {
  Instant earliest = kNever;
  for (const StunTransaction& t : list_) earliest = std::min(earliest, t.next_send);
  return earliest;
}

}  // namespace limen::rtc
