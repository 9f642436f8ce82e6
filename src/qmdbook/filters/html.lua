-- The shapes that a page gives to things; see resolve.lua.

local shape = {}

local function inline(text) return pandoc.RawInline("html", text) end
local function block(text) return pandoc.RawBlock("html", text) end

function shape.comment(text) return block("<!-- " .. text .. " -->") end

shape.references = {
  pandoc.Header(2, "References", pandoc.Attr("references", { "unnumbered" })),
  pandoc.Div({}, pandoc.Attr("refs")),
}

function shape.start(doc) return doc end

function shape.reference(text, label, file)
  local page = label.page == file.pages[1] and "" or label.page .. ".html"
  return pandoc.Inlines({ pandoc.Link(text, page .. "#" .. label.id, "", pandoc.Attr("", { "reference" })) })
end

function shape.link(el, chapter, place)
  if not chapter then return nil end -- a file beside the page
  el.target = chapter .. ".html" .. (place ~= "" and "#" .. place or "")
  return el
end

function shape.number(number)
  return pandoc.Inlines({ pandoc.Span(number, pandoc.Attr("", { "section-number" })), pandoc.Space() })
end

function shape.image(el, alt)
  if alt then el.caption = { pandoc.Str(alt) } end
  return el
end

function shape.equation(el)
  el.content:insert(inline('<span class="equation-number">(' .. el.attributes.number .. ")</span>"))
  el.attributes.number = nil
  return el
end

function shape.box(kind, title, content, folded)
  local open = folded and '<details class="callout callout-%s"><summary>'
    or '<div class="callout callout-%s"><p class="callout-title">'
  return pandoc.Blocks({
    block(open:format(kind)), pandoc.Plain(title), block(folded and "</summary>" or "</p>"),
    pandoc.Div(content, pandoc.Attr("", { "callout-body" })), block(folded and "</details>" or "</div>"),
  })
end

function shape.exercise(el) return el end

function shape.code(el, fold, summary)
  if not fold then return el end
  local escaped = summary:gsub("&", "&amp;"):gsub("<", "&lt;")
  local open = fold == "show" and " open" or ""
  return {
    block('<details class="code-fold"' .. open .. "><summary>" .. escaped .. "</summary>"), el,
    block("</details>"),
  }
end

function shape.markdown(el) return el.content end

function shape.cell(el)
  local has_heading = el.content:find_if(function(each) return each.t == "Header" end)
  -- Headings in a box are missing from the page's table of contents.
  if #el.content == 0 or has_heading then return el.content end
  el.attributes = {}
  return el
end

local ESCAPED = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

-- Code without a language is written here: for a class, pandoc would look through all that it knows.
local function uncoloured(el)
  if not el.classes[1] or not el.classes[1]:match("^cell%-") then return nil end
  local open = '<pre class="' .. table.concat(el.classes, " ") .. '"><code>'
  return block(open .. el.text:gsub("[&<>\"']", ESCAPED) .. "</code></pre>")
end

-- Tables scroll in a box of their own; wide code does so by itself.
function shape.finish(doc)
  return doc:walk({
    CodeBlock = uncoloured,
    Table = function(el) return pandoc.Div({ el }, pandoc.Attr("", { "table-box" })) end,
  })
end

return shape
