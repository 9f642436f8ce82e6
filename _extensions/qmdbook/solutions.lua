-- Before Quarto's own filters: collapsed callouts become <details>, which open by keyboard and
-- without a script, where Quarto's need a mouse; phones, which show no margin, get its links below.

if not quarto.doc.is_format("html") then return {} end

local function html(text) return pandoc.RawBlock("html", text) end

return {
  Callout = function(callout)
    if tostring(callout.collapse) ~= "true" then return nil end
    local title = pandoc.utils.blocks_to_inlines(quarto.utils.as_blocks(callout.title))
    local blocks = pandoc.Blocks({
      html('<div class="callout callout-style-default callout-' .. callout.type .. '"><details><summary>'),
      pandoc.Plain(title),
      html('</summary><div class="callout-body">'),
    })
    blocks:extend(quarto.utils.as_blocks(callout.content))
    blocks:insert(html("</div></details></div>"))
    return blocks
  end,
  Pandoc = function(doc)
    for _, link in ipairs(doc.meta["other-links"] or {}) do
      local inlines = pandoc.Link(link.text, pandoc.utils.stringify(link.href))
      doc.blocks:insert(pandoc.Div(pandoc.Para(inlines), { class = "d-lg-none" }))
    end
    return doc
  end,
}
