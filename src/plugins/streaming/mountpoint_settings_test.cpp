#include <gtest/gtest.h>

#include "config/category_edit.hpp"
#include "plugins/streaming/mountpoint_keys.hpp"
#include "plugins/streaming/viewer_offer.hpp"

namespace limen::streaming {
namespace {

JsonObject body(std::string_view text) {
  return parse_json(text)->get_object();
}

int code_of(MountpointType type, std::string_view text) {
  auto settings = settings_from_request(type, body(text));
  return settings ? 0 : static_cast<int>(settings.error().code);
}

TEST(MountpointSettings, of_a_media_list) {
  auto settings = settings_from_request(MountpointType::rtp, body(R"({"name":"5x","collision":300,"datatype":"binary",
    "bufferkf_ms":500,"media":[
    {"type":"audio","mid":"a","port":0,"pt":111,"codec":"Opus","skew":true,"msid":"s t"},
    {"type":"video","mid":"v","port":5004,"rtcpport":0,"pt":100,"rtpmap":"vp8/90000","simulcast":true,"port2":0,"port3":0},
    {"type":"video","mid":"w","port":0,"pt":98,"codec":"vp9","svc":true,"label":"W"},
    {"type":"data","mid":"d","port":0,"buffermsg":true}]})"));
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->name, "mp-5x");
  EXPECT_EQ(settings->collision_ms, 300U);
  EXPECT_EQ(settings->keyframes, (KeyframeLimits{.ms = 500, .bytes = 0}));
  EXPECT_FALSE(settings->legacy_form);
  ASSERT_EQ(settings->media.size(), 4U);
  EXPECT_EQ(settings->media[0].codec, Codec::opus);
  EXPECT_EQ(settings->media[0].label, "audio");
  EXPECT_EQ(settings->media[1].codec, Codec::vp8);
  EXPECT_EQ(settings->media[1].layers(), media::LayerMode::simulcast);
  EXPECT_EQ(settings->media[1].rtcp_port, 0);
  EXPECT_EQ(settings->media[2].layers(), media::LayerMode::svc);
  EXPECT_TRUE(settings->media[3].binary);  // said in the root
  EXPECT_TRUE(settings->media[3].buffer_message);
}

TEST(MountpointSettings, of_the_old_form) {
  auto settings = settings_from_request(MountpointType::rtp, body(R"({"audio":true,"audioport":5002,"audiopt":0,
    "audiocodec":"pcmu","video":true,"videoport":0,"videopt":96,"videocodec":"h264","videobufferkf":true,
    "h264sps":"Z0LA,aMuD","data":true,"dataport":0,"databuffermsg":true})"));
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_TRUE(settings->legacy_form);
  ASSERT_EQ(settings->media.size(), 3U);
  EXPECT_EQ(settings->media[0].mid + settings->media[1].mid + settings->media[2].mid, "avd");
  EXPECT_TRUE(settings->media[1].buffer_keyframe);
  EXPECT_EQ(settings->media[1].h264_parameter_sets, "Z0LA,aMuD");
  EXPECT_TRUE(settings->media[2].buffer_message);
}

TEST(MountpointSettings, refusals) {
  using enum MountpointType;
  EXPECT_EQ(code_of(rtp, "{}"), 456);
  EXPECT_EQ(code_of(rtp, R"({"media":[]})"), 456);
  EXPECT_EQ(code_of(rtp, R"({"media":"x"})"), 454);
  EXPECT_EQ(code_of(rtp, R"({"media":["x"]})"), 453);
  EXPECT_EQ(code_of(rtp, R"({"media":[{"type":"smell","mid":"a","port":0}]})"), 456);
  EXPECT_EQ(code_of(rtp, R"({"media":[{"type":"audio","mid":"a","port":0}]})"), 456);
  EXPECT_EQ(code_of(rtp, R"({"media":[{"type":"audio","mid":"a","port":0,"codec":"vp8"}]})"), 456);
  EXPECT_EQ(code_of(rtp, R"({"media":[{"type":"audio","mid":"a","port":70000,"codec":"opus"}]})"), 454);
  EXPECT_EQ(code_of(rtp, R"({"media":[{"type":"audio","mid":"a","port":0,"pt":200,"codec":"opus"}]})"), 454);
  EXPECT_EQ(code_of(rtp, R"({"media":[{"type":"data","mid":"a","port":0},{"type":"data","mid":"A","port":0}]})"), 456);
  EXPECT_EQ(code_of(rtp, R"({"audio":true})"), 453);
  EXPECT_EQ(code_of(rtp, R"({"audio":true,"audioport":0})"), 453);
  EXPECT_EQ(code_of(rtp, R"({"data":true,"dataport":0,"datatype":"x"})"), 454);
  EXPECT_EQ(code_of(rtp, R"({"data":true,"dataport":0,"srtpsuite":33,"srtpcrypto":"x"})"), 456);
  EXPECT_EQ(code_of(rtp, R"({"data":true,"dataport":0,"srtpsuite":32,"srtpcrypto":"abcd"})"), 456);
  EXPECT_EQ(code_of(rtp, R"({"data":true,"dataport":0,"abscapturetime_src_ext_id":15})"), 454);
  EXPECT_EQ(code_of(rtp, R"({"data":true,"dataport":0,"bufferkf_ms":70000})"), 456);
  EXPECT_EQ(code_of(live, "{}"), 453);
  EXPECT_EQ(code_of(live, R"({"filename":"x.alaw"})"), 456);
  EXPECT_EQ(code_of(live, R"({"filename":"x.doc","audio":true})"), 456);
  EXPECT_EQ(code_of(ondemand, R"({"filename":"x.opus","audio":true})"), 456);
  EXPECT_EQ(code_of(ondemand, R"({"filename":"x.mulaw","audio":true})"), 0);
  EXPECT_EQ(code_of(rtsp, "{}"), 456);
  EXPECT_EQ(code_of(rtsp, R"({"audio":true})"), 456);
  EXPECT_EQ(code_of(rtsp, R"({"audio":true,"url":"rtsp://h/","rtsp_transport":"x"})"), 454);
  EXPECT_EQ(code_of(url, "{}"), 453);
  EXPECT_FALSE(type_from("nope"));
}

// What is saved is read again as it was.
MountpointSettings saved_and_read(MountpointSettings& settings) {
  if (settings.description.empty()) settings.description = "mp";  // the category's name
  auto text = config::with_category("", config::Syntax::libconfig, "mp", settings_entries(settings, Json(uint64_t{7})));
  EXPECT_TRUE(text) << text.error().text;
  auto tree = config::parse_libconfig(*text, "saved");
  EXPECT_TRUE(tree);
  config::Findings findings;
  auto again = settings_from_config(*tree->find("mp"), findings);
  EXPECT_TRUE(again) << again.error().text;
  EXPECT_TRUE(findings.warnings.empty()) << findings.warnings.front();
  EXPECT_EQ(tree->find("mp")->text("id"), "7");
  return *again;
}

void expect_same(const MountpointSettings& a, const MountpointSettings& b) {
  auto text = [](const MountpointSettings& settings) {
    return config::with_category("", config::Syntax::libconfig, "x", settings_entries(settings, Json(1))).value_or("");
  };
  EXPECT_FALSE(text(a).empty());
  EXPECT_EQ(text(a), text(b));
}

TEST(MountpointSettings, what_is_saved_is_read_again) {
  for (
      const char* text : {
          R"({"description":"D \"x\"","metadata":"m","secret":"s","pin":"p","is_private":true,"collision":9,"threads":2,
               "e2ee":true,"playoutdelay_ext":true,"abscapturetime_src_ext_id":3,"bufferkf_ms":10,"bufferkf_bytes":20,
               "srtpsuite":80,"srtpcrypto":"WbTBosdVUZqEb6Htqhn+m3z7wUh4RJVR8nE15GbN","media":[
               {"type":"audio","mid":"a","port":1,"pt":111,"codec":"opus","skew":true,"fmtp":"a=1","mcast":"239.1.1.1"},
               {"type":"video","mid":"v","port":2,"port2":3,"port3":4,"rtcpport":5,"pt":9,"codec":"vp8","simulcast":true},
               {"type":"video","mid":"w","port":2,"pt":9,"codec":"vp9","svc":true,"bufferkf":true,"iface":"lo"},
               {"type":"data","mid":"d","port":6,"datatype":"binary","buffermsg":true}]})",
          R"({"audio":true,"audioport":1,"audiopt":0,"audiocodec":"pcmu","audioskew":true,"video":true,"videoport":2,
               "videopt":96,"videocodec":"h264","videobufferkf":true,"h264sps":"Z0LA,aMuD","videofmtp":"x=1","data":true,
               "dataport":3,"databuffermsg":true})"}) {
    auto settings = settings_from_request(MountpointType::rtp, body(text));
    ASSERT_TRUE(settings) << settings.error().text;
    expect_same(*settings, saved_and_read(*settings));
    EXPECT_EQ(saved_and_read(*settings).media.size(), settings->media.size());
  }
  auto rtsp = settings_from_request(MountpointType::rtsp, body(R"({"url":"rtsp://h/x","rtsp_user":"u","rtsp_pwd":"p",
    "video":true,"videopt":97,"videofmtp":"f=1","rtsp_quirk":true,"rtsp_failcheck":false,"rtsp_reconnect_delay":9,
    "rtsp_transport":"tcp","rtsp_notify_changes":true,"rtspiface":"lo"})"));
  ASSERT_TRUE(rtsp);
  MountpointSettings again = saved_and_read(*rtsp);
  expect_same(*rtsp, again);
  EXPECT_EQ(again.rtsp.reconnect_delay, std::chrono::seconds(9));
  EXPECT_TRUE(again.rtsp.retry_first);
  EXPECT_EQ(again.rtsp.transport, RtspTransport::tcp);
  auto file =
      settings_from_request(MountpointType::live, body(R"({"filename":"a.opus","audio":true,"audiocodec":"opus"})"));
  ASSERT_TRUE(file);
  expect_same(*file, saved_and_read(*file));
}

MountpointSettings watched() {
  return *settings_from_request(MountpointType::rtp, body(R"({"playoutdelay_ext":true,"media":[
    {"type":"audio","mid":"a","port":0,"pt":111,"codec":"opus","fmtp":"useinbandfec=1"},
    {"type":"video","mid":"v","port":0,"pt":126,"codec":"h264","fmtp":"profile-level-id=42e01f;packetization-mode=1",
     "msid":"s t"},
    {"type":"data","mid":"d","port":0}]})"));
}

TEST(ViewerOffer, names_what_the_mountpoint_has) {
  auto offer = sdp::parse_sdp(
      make_viewer_offer(MountpointId(uint64_t{9}), watched(), {{0, "a", 111}, {1, "v", 126}, {2, "d", 0}}));
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->name, "Mountpoint 9");
  ASSERT_EQ(offer->media.size(), 3U);
  EXPECT_EQ(offer->media[0].payload_types, std::vector<uint8_t>{111});
  EXPECT_EQ(offer->media[0].fmtp(111), "useinbandfec=1");
  EXPECT_EQ(offer->media[0].direction, sdp::Direction::sendonly);
  EXPECT_EQ(offer->media[1].fmtp(126), "profile-level-id=42e01f;packetization-mode=1");
  EXPECT_EQ(offer->media[1].find("msid")->value, "s t");
  EXPECT_EQ(offer->media[1].values("extmap").size(), 3U);
  EXPECT_EQ(offer->media[2].kind, MediaKind::data);
}

TEST(ViewerOffer, an_offer_of_the_viewer_is_answered_with_its_numbers) {
  auto offer = sdp::parse_sdp(
      "v=0\r\no=- 5 2 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98\r\na=mid:0\r\na=recvonly\r\na=rtpmap:96 VP8/90000\r\n"
      "a=rtpmap:97 H264/90000\r\na=fmtp:97 profile-level-id=640032;packetization-mode=1\r\n"
      "a=rtpmap:98 H264/90000\r\na=fmtp:98 profile-level-id=42e01f;packetization-mode=1\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:1\r\na=recvonly\r\na=rtpmap:0 PCMU/8000\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 63\r\na=mid:2\r\na=sendonly\r\na=rtpmap:63 opus/48000/2\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 63\r\na=mid:3\r\na=sendrecv\r\na=rtpmap:63 opus/48000/2\r\n");
  ASSERT_TRUE(offer);
  ViewerAnswer answer = make_viewer_answer(MountpointId(uint64_t{9}), watched(), *offer);
  ASSERT_EQ(answer.mlines.size(), 4U);
  ASSERT_TRUE(answer.mlines[0]);
  EXPECT_EQ(answer.mlines[0]->payload_type, 98);
  EXPECT_EQ(answer.mlines[0]->mid, "0");
  EXPECT_FALSE(answer.mlines[1]);
  EXPECT_FALSE(answer.mlines[2]);
  ASSERT_TRUE(answer.mlines[3]);
  EXPECT_EQ(answer.mlines[3]->medium, 0U);
  auto ours = sdp::parse_sdp(answer.sdp);
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->media[0].payload_types.front(), 98);
  EXPECT_EQ(ours->media[0].direction, sdp::Direction::sendonly);
  EXPECT_EQ(ours->media[3].direction, sdp::Direction::sendonly);
  EXPECT_TRUE(ours->media[1].rejected());
}

}  // namespace
}  // namespace limen::streaming
