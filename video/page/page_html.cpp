#include "video/page/page_html.h"

namespace vitral::video {
namespace {

constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>vitral</title><link rel="icon" href="data:,">
<style>
:root{color-scheme:dark;--ground:#12141a;--card:#1c2029;--line:#2c323f;--text:#e8ebf1;--faint:#8b94a7;--good:#4ad395;--bad:#ff7a7a}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--text);font:15px/1.45 system-ui,sans-serif}
header{display:flex;gap:24px;align-items:baseline;padding:14px 20px;border-bottom:1px solid var(--line);flex-wrap:wrap}
h1{font-size:18px;margin:0}header span{color:var(--faint)}header b{color:var(--text);font-variant-numeric:tabular-nums}
main{display:grid;grid-template-columns:minmax(0,3fr) minmax(300px,1fr);gap:16px;padding:16px 20px}
@media(max-width:900px){main{grid-template-columns:1fr}}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden}
#big{width:100%;display:block;background:#000;min-height:240px;object-fit:contain;max-height:72vh}
#tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px;margin-top:12px}
#tiles button{padding:0;border:2px solid var(--line);border-radius:8px;background:#000;cursor:pointer;color:var(--faint);font:12px system-ui;overflow:hidden}
#tiles button.on{border-color:var(--good);color:var(--text)}#tiles img{width:100%;aspect-ratio:16/9;object-fit:contain;display:block}
#tiles div{padding:4px 6px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:6px 10px;border-top:1px solid var(--line);font-weight:400}th{color:var(--faint);font-size:12px;border:0}
td:first-child,th:first-child{text-align:left;max-width:260px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.scroll{overflow-x:auto}h2{font-size:13px;color:var(--faint);margin:0;padding:10px 12px;font-weight:500}
#events{list-style:none;margin:0;padding:0 12px 12px;max-height:60vh;overflow:auto;font-size:13px}#events li{padding:4px 0;border-top:1px solid var(--line)}
#events time{color:var(--faint);margin-right:8px}.bad{color:var(--bad)}
</style></head><body>
<header><h1>vitral</h1><span id="state">connecting…</span><span><b id="fps">–</b> frames/s</span><span><b id="out">–</b> given</span>
<span><b id="dropped">–</b> dropped</span><span><b id="failed">–</b> failed</span></header>
<main><section><div class="card"><img id="big" alt="the chosen source with its detections"></div><div id="tiles"></div>
<div class="card scroll" style="margin-top:12px"><table><thead><tr><th>source<th>frames/s<th>latency p50<th>p99<th>given<th>dropped<th>failed<th>reconnects<th>tracks</thead>
<tbody id="rows"></tbody></table></div></section>
<aside class="card"><h2>Recent events</h2><ul id="events"><li>none so far</ul></aside></main>
<script>
"use strict";
const $=id=>document.getElementById(id),token=new URLSearchParams(location.search).get("token");
const at=(path,more={})=>{const q=new URLSearchParams(more);if(token)q.set("token",token);const s=q.toString();return path+(s?"?"+s:"")};
const cell=(row,text,bad)=>{const td=document.createElement("td");td.textContent=text;if(bad)td.className="bad";row.append(td);return td};
const number=(x,digits=0)=>x==null?"–":x.toFixed(digits),ms=x=>x==null?"–":x.toFixed(0)+" ms";
let chosen=-1,tiles=[];
function choose(k){if(k===chosen)return;chosen=k;$("big").src=at("/stream.mjpg",{source:k});tiles.forEach((t,i)=>t.classList.toggle("on",i===k))}
function make(sources){
  tiles=sources.map((s,k)=>{const b=document.createElement("button"),i=document.createElement("img"),d=document.createElement("div");
    i.alt="";d.textContent=s.source;b.title=s.source;b.append(i,d);b.onclick=()=>choose(k);return b});
  $("tiles").replaceChildren(...(sources.length>1?tiles:[]));choose(0);
}
function show(stats){
  if(tiles.length!==stats.sources.length)make(stats.sources);
  $("state").textContent=stats.state;$("fps").textContent=number(stats.fps,1);$("out").textContent=stats.frames_out;
  $("dropped").textContent=stats.dropped;$("failed").textContent=stats.failed;
  $("rows").replaceChildren(...stats.sources.map(s=>{const tr=document.createElement("tr");
    cell(tr,s.source).title=s.source;cell(tr,number(s.fps,1));cell(tr,ms(s.latency_ms.p50));cell(tr,ms(s.latency_ms.p99));cell(tr,s.frames_out);
    cell(tr,s.dropped);cell(tr,s.failed,s.failed>0);cell(tr,s.reconnects,s.reconnects>0);cell(tr,s.tracks==null?"–":s.tracks);return tr}));
  if(stats.events.length)$("events").replaceChildren(...stats.events.slice().reverse().map(e=>{const li=document.createElement("li"),t=document.createElement("time");
    t.textContent=e.at;li.append(t,e.text);return li}));
}
let turn=0;
async function tick(){
  try{const r=await fetch(at("/stats.json"));if(!r.ok)throw 0;show(await r.json());
    if(tiles.length>1){const k=turn++%tiles.length;tiles[k].firstChild.src=at("/frame.jpg",{source:k,n:turn})}}
  catch{$("state").textContent="the run has ended"}
  setTimeout(tick,tiles.length>1?500:1000);
}
tick();
</script></body></html>
)html";

}  // namespace

std::string_view page_html() {
  return kPage;
}

}  // namespace vitral::video
