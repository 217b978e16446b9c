// CompoundWriter: RTCP messages one after the other into a caller's buffer.
//
// Each add() writes a whole packet or, if it does not fit, nothing and returns false: then send what
// is there and go on in another buffer.
#pragma once
#include <cstdint>

#include "base/bytes.hpp"
#include "wire/rtcp/rtcp_packets.hpp"

namespace limen::rtcp {

class CompoundWriter {
 public:
  explicit CompoundWriter(MutableBytes out) : out_(out) {}

  bool add(const SenderReport& report);
  bool add(const ReceiverReport& report);
  bool add(const SourceDescription& description);
  bool add(const Goodbye& bye);
  bool add(const ApplicationDefined& app);
  bool add(const Nack& nack);  // false too if there is nothing to ask for
  bool add(const PictureLoss& pli);
  bool add(const FullIntraRequest& fir);
  bool add(const ReceiverEstimate& remb);
  bool add(const TransportFeedback& feedback);
  bool add(const ExtendedReport& report);
  bool add(const Unknown&) { return false; }
  bool add(const Message& message);

  Bytes written() const { return out_.first(size_); }
  bool empty() const { return size_ == 0; }

 private:
  bool commit(const ByteWriter& packet);
  MutableBytes room() const { return out_.subspan(size_); }

  MutableBytes out_;
  size_t size_ = 0;
};

}  // namespace limen::rtcp
